// What must be on the log before the first request: the default organization,
// its first API key, the images as snapshots, this machine's runner. Each step
// looks before it acts, so a crash between two of them is harmless.
#pragma once

#include <string>

#include "actors/control.hpp"
#include "events/base/clock.hpp"
#include "projections/queries.hpp"

namespace varve::ops {

inline constexpr std::string_view region = "local";

class bootstrap {
 public:
  bootstrap(control& commands, projections::queries& reads, const clock& time,
            std::string data_dir)
      : commands_(commands), reads_(reads), time_(time),
        data_dir_(std::move(data_dir)) {
    // nop
  }

  // All that does not need a runner.
  result<void> run();
  result<void> register_runner(RegisterRunner what);

 private:
  result<std::string> default_organization();
  result<void> first_key(const std::string& organization_id);
  result<void> snapshots();
  // Submits, waits until it is decided and the read models show it.
  result<void> submit(command what, std::string organization_id);

  control& commands_;
  projections::queries& reads_;
  const clock& time_;
  std::string data_dir_;
};

} // namespace varve::ops
