// All contexts of the code interpreter, by id; one of them, the default, is
// always there to be used. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runner/toolbox/interpreter/context.hpp"

namespace varve::toolbox {

class context_table {
 public:
  static constexpr std::size_t most_contexts = 32;
  static constexpr std::string_view default_id = "default";

  explicit context_table(runtime& rt) : rt_{rt} {
    // nop
  }

  // Makes it; the caller starts it.
  outcome<std::shared_ptr<interpreter_context>> create(std::string cwd);
  // An empty id is the default one's. Null: there is none.
  std::shared_ptr<interpreter_context> find(std::string_view id);
  void forget(const interpreter_context& which);

  // Without the default one.
  const std::vector<std::shared_ptr<interpreter_context>>& all() const {
    return all_;
  }
  // Null when it was never used.
  const std::shared_ptr<interpreter_context>& default_one() const {
    return default_;
  }

 private:
  runtime& rt_;
  std::shared_ptr<interpreter_context> default_;
  std::vector<std::shared_ptr<interpreter_context>> all_; // oldest first
};

} // namespace varve::toolbox
