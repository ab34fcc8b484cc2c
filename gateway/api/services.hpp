// What handlers work with: the ports, and the gateway's own small state.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "actors/control.hpp"
#include "events/base/clock.hpp"
#include "events/vault.hpp"
#include "gateway/exchange.hpp"
#include "gateway/gateway.hpp"
#include "gateway/guest.hpp"
#include "gateway/history.hpp"
#include "projections/queries.hpp"

namespace varve::gateway {

class activity;
class admission;
class open_creates;

using boost::asio::awaitable;

// Lives as long as the gateway; any of its threads.
struct services {
  const gateway_options& options;
  control& commands;
  projections::queries& reads;
  vault& secrets;
  guest& guests;
  history& past;
  const clock& time;
  activity& used;      // when which sandbox was used last
  admission& admitted; // bounds the commands in flight
  std::shared_ptr<open_creates> unanswered;
};

// The ports as coroutines. Each ends within its limit, with timed_out.

awaitable<result<command_reply>> submit(services& s, command what,
                                        command_origin origin);
// False when `at` was not applied in time.
awaitable<bool> applied(services& s, log::position at,
                        std::chrono::milliseconds limit);
awaitable<result<std::optional<projections::sandbox_view>>>
settled(services& s, std::string organization_id, std::string sandbox_id,
        std::chrono::milliseconds limit);

} // namespace varve::gateway
