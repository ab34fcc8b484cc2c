// A gateway on a free port before a fake world.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "gateway/gateway.hpp"
#include "tests/gateway/fake_world.hpp"
#include "tests/gateway/raw_client.hpp"

namespace varve::test {

inline gateway::gateway_options test_options() {
  gateway::gateway_options out;
  out.listen = "127.0.0.1:0";
  out.threads = 2;
  // Everything that waits does so briefly.
  out.bounds.header_time = std::chrono::milliseconds{600};
  out.bounds.idle_time = std::chrono::milliseconds{2000};
  out.bounds.body_time = std::chrono::milliseconds{800};
  out.bounds.hold_time = std::chrono::milliseconds{300};
  out.bounds.command_time = std::chrono::milliseconds{500};
  out.bounds.drain_time = std::chrono::milliseconds{1000};
  out.bounds.review_time = std::chrono::milliseconds{200};
  return out;
}

struct gateway_fixture {
  explicit gateway_fixture(gateway::gateway_options options = test_options(),
                           gateway::admin_hooks hooks = {}) {
    auto started = gateway::gateway::start(std::move(options), world, world,
                                           world.secrets, world, world.past,
                                           world.time, std::move(hooks));
    if (!started)
      throw std::runtime_error{started.error().detail};
    server = std::move(started.value());
    server->set_ready(true);
    key = world.add_key(fake_world::home,
                        {"write:sandboxes", "delete:sandboxes",
                         "write:registries", "delete:registries",
                         "write:snapshots", "delete:snapshots"});
  }

  // One request on a connection of its own.
  raw_answer call(std::string_view method, std::string_view target,
                  std::string_view body = {},
                  const std::vector<std::string>& more_fields = {}) {
    raw_client client{server->port()};
    client.send(request_text(method, target, key, body, more_fields));
    return client.read_answer(method == "HEAD");
  }

  fake_world world;
  std::unique_ptr<gateway::gateway> server;
  std::string key;
};

} // namespace varve::test
