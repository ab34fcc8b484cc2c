// Notices when the kernel ended a process of a guest for want of memory.
#pragma once

#include <mutex>
#include <vector>

#include "runner/operations/ledger.hpp"
#include "runner/operations/machine.hpp"

namespace varve::runner {

// Any thread; one looks at a time.
class oom_kills {
 public:
  oom_kills(const machine& host, ledger& book) : host_(host), book_(book) {
    // nop
  }

  // Those since the last look, also of an earlier process; journalled. Of one
  // sandbox at most one in half a minute: a guest can make them at will.
  std::vector<schema::ObservationT> look();

 private:
  bool is_news(const std::string& id) const;

  const machine& host_;
  ledger& book_;
  std::mutex guard_;
};

} // namespace varve::runner
