// Keeps as many sandboxes waiting as warm_pool says, within what memory allows:
// one thread, woken by creates and by what ends, never while something else is
// being started.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runner/host/watcher.hpp"
#include "runner/operations/ledger.hpp"
#include "runner/operations/machine.hpp"
#include "runner/operations/network_guard.hpp"
#include "runner/operations/warm_pool.hpp"

namespace varve::runner {

// Any thread, but close() and the destructor.
class warm_keeper {
 public:
  // `watch` hears of those that wait; all outlive the keeper. What waited when
  // the runner began goes on.
  warm_keeper(const machine& host, ledger& book, network_guard& network,
              watcher& watch, std::vector<schema::JournalSandboxT> waiting);
  ~warm_keeper(); // close()

  warm_pool& pool() noexcept {
    return pool_;
  }

  // What organizations want; before the first time nothing is made or ended.
  void keep(std::vector<warm_wish> wishes);

  // Holds back what the keeper does for as long as it lives.
  std::shared_ptr<void> start_begins();
  // A create was carried out.
  void created(const schema::SandboxSpecT& spec);
  // PID 1 of one that waits has ended.
  void ended(const std::string& id);
  // Looks at what there is and at memory; now and then, and before starts.
  void look();

  // Ends the thread; what waits goes on waiting.
  void close();

 private:
  using lock = std::unique_lock<std::mutex>;

  void adopt(const schema::JournalSandboxT& waiting);
  void let_wait(waiting_sandbox one);
  void run();
  bool must_wait(lock& l);
  // Whether there may be more to do.
  bool do_one();
  bool has_room_for_one() const;
  bool start_one(const warm_wish& wish);
  void remove(const waiting_sandbox& one, const char* why);
  bool is_memory_short() const;

  const machine& host_;
  ledger& book_;
  network_guard& network_;
  watcher& watch_;
  warm_pool pool_;

  std::mutex guard_; // of everything below
  std::condition_variable changed_;
  bool is_ready_ = false;
  bool is_closed_ = false;
  bool is_due_ = false; // something may have to be made or ended
  unsigned starts_ = 0; // under way
  std::chrono::steady_clock::time_point due_since_{}, quiet_until_{};
  std::deque<std::string> ended_;
  std::thread thread_;
};

} // namespace varve::runner
