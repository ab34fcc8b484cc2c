// One running `varve`: every part, wired, in the order it must start and end.
#pragma once

#include <functional>
#include <memory>

#include "events/base/result.hpp"
#include "ops/options.hpp"
#include "runner/operations/runner_config.hpp"

namespace varve::ops {

class node {
 public:
  // Opens everything and serves; returns once requests are answered.
  // `on_unusable` is called once, from any thread, when the log cannot be
  // written any more by this process: stop it and start again.
  static result<std::unique_ptr<node>> start(const options& chosen,
                                             std::function<void()> on_unusable);
  // Lets what is in flight end, then ends every part. Sandboxes run on.
  ~node();

  std::uint16_t port() const noexcept;

 private:
  struct parts;
  explicit node(std::unique_ptr<parts> all);

  std::unique_ptr<parts> parts_;
};

// How the runner is set up, also for the commands that need no server.
runner::config runner_settings(const options& chosen);

} // namespace varve::ops
