// Everything the public listener serves.
#pragma once

#include <atomic>

#include "gateway/api/routes.hpp"
#include "gateway/objects/object_site.hpp"
#include "gateway/proxy/toolbox_proxy.hpp"
#include "gateway/push/push_hub.hpp"

namespace varve::gateway {

class api_site final : public site {
 public:
  api_site(services& s, stream_registry& streams,
           std::shared_ptr<object_store> objects)
      : services_(s), proxy_(s, streams), objects_(s, std::move(objects)) {
    // nop
  }

  // Needed before the first request: what connections are served with.
  void serve_with(const serving& with) noexcept {
    with_ = &with;
  }
  // Needed before it is ready: who hears of changes.
  void push_with(push_hub& hub) noexcept {
    push_ = &hub;
  }
  void set_ready(bool ready) noexcept {
    is_ready_ = ready;
  }
  toolbox_proxy& proxy() noexcept {
    return proxy_;
  }

  object_site& objects() noexcept {
    return objects_;
  }

  decision decide(request& r) override;
  void finish(const request& r, response& out) override;
  response refusal(const request& r, unsigned status) override;

 private:
  decision decide_route(request& r);
  awaitable<response> run(const route& where, request& r);
  void add_position(const request& r, response& out);

  services& services_;
  toolbox_proxy proxy_;
  object_site objects_;
  const serving* with_ = nullptr;
  push_hub* push_ = nullptr;
  std::atomic<bool> is_ready_{false};
};

} // namespace varve::gateway
