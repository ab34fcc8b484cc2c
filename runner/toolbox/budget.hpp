// Bounds what PID 1 keeps in memory for its callers: request bodies and the
// output of commands. One thread.
#pragma once

#include <cstddef>
#include <utility>

namespace varve::toolbox {

class memory_budget {
 public:
  explicit memory_budget(std::size_t bytes) : left_{bytes} {
    // nop
  }

  // False, and nothing taken, when less is left.
  bool take(std::size_t bytes) {
    if (bytes > left_)
      return false;
    left_ -= bytes;
    return true;
  }

  void give_back(std::size_t bytes) {
    left_ += bytes;
  }

  std::size_t left() const {
    return left_;
  }

 private:
  std::size_t left_;
};

// What one holder took; given back with the holder.
class budget_share {
 public:
  explicit budget_share(memory_budget& from) : from_{&from} {
    // nop
  }
  budget_share(budget_share&& other) noexcept
      : from_{other.from_}, taken_{std::exchange(other.taken_, 0)} {
    // nop
  }
  budget_share& operator=(budget_share&&) = delete;
  ~budget_share() {
    from_->give_back(taken_);
  }

  bool take(std::size_t bytes) {
    if (!from_->take(bytes))
      return false;
    taken_ += bytes;
    return true;
  }

 private:
  memory_budget* from_;
  std::size_t taken_ = 0;
};

} // namespace varve::toolbox
