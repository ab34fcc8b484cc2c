#include "gateway/push/push_hub.hpp"

#include <map>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "events/base/logging.hpp"
#include "gateway/api/authentication.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/push/socket_packet.hpp"
#include "gateway/push/websocket_frame.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::sandbox_change;

namespace {

// Changes that nobody was told of yet. Clients that miss one ask again.
constexpr std::size_t most_untold = 16'384;

json::string_view text(std::string_view s) {
  return {s.data(), s.size()};
}

// The frames of one change for clients that know this server by `base_url`.
result<std::vector<shared_frame>> frames_of(services& s,
                                            const sandbox_change& what,
                                            const std::string& base_url) {
  request as_seen;
  as_seen.base_url = base_url;
  VARVE_TRY(auto sandbox, full_sandbox_json(s, as_seen, what.now));
  auto framed = [](std::string_view name, const json::object& data) {
    return std::make_shared<const std::string>(
        frame_of(frame_kind::text, event_packet(name, json::serialize(data))));
  };
  std::vector<shared_frame> out;
  if (!what.was) {
    out.push_back(framed("sandbox.created", sandbox));
    return out;
  }
  json::object data;
  data["sandbox"] = std::move(sandbox);
  data["oldState"] = text(projections::name_of(*what.was));
  data["newState"] = text(projections::name_of(what.now.state));
  out.push_back(framed("sandbox.state.updated", data));
  return out;
}

} // namespace

push_hub::place::place(push_hub& of, std::shared_ptr<push_client> client,
                       std::string first)
    : of_(of), client_(std::move(client)) {
  std::lock_guard lock{of_.mutex_};
  client_->send(std::move(first));
  of_.by_organization_[client_->organization_id].insert(client_);
}

push_hub::place::~place() {
  std::lock_guard lock{of_.mutex_};
  auto found = of_.by_organization_.find(client_->organization_id);
  found->second.erase(client_);
  if (found->second.empty())
    of_.by_organization_.erase(found);
}

push_hub::push_hub(services& s, asio::any_io_executor executor)
    : services_(s), strand_(asio::make_strand(std::move(executor))) {
  services_.reads.watch_changes(
      [this](const std::vector<change>& changes) { note(changes); });
}

push_hub::~push_hub() {
  close();
}

void push_hub::close() {
  services_.reads.watch_changes({});
}

bool push_hub::enter() noexcept {
  std::lock_guard lock{mutex_};
  if (entered_ >= services_.options.bounds.push_clients)
    return false;
  ++entered_;
  return true;
}

void push_hub::leave() noexcept {
  std::lock_guard lock{mutex_};
  --entered_;
}

std::size_t push_hub::connected() const noexcept {
  std::lock_guard lock{mutex_};
  return entered_;
}

void push_hub::note(const std::vector<change>& changes) {
  std::lock_guard lock{mutex_};
  for (const auto& c : changes)
    if (by_organization_.contains(c.now.organization_id)) {
      if (untold_.size() == most_untold)
        untold_.pop_front();
      untold_.push_back(c);
    }
  if (untold_.empty() || std::exchange(is_telling_, true))
    return;
  asio::post(strand_, [this] { tell_all(); });
}

void push_hub::tell_all() {
  for (;;) {
    std::unique_lock lock{mutex_};
    is_telling_ = !untold_.empty();
    if (!is_telling_)
      return;
    auto next = std::move(untold_.front());
    untold_.pop_front();
    lock.unlock();
    tell(next);
  }
}

void push_hub::tell(const change& what) {
  std::map<std::string, std::vector<shared_frame>> by_base;
  for (const auto& client : clients_of(what.now.organization_id)) {
    auto [known, is_new] = by_base.try_emplace(client->base_url);
    if (is_new) {
      auto frames = frames_of(services_, what, client->base_url);
      if (!frames)
        return log_warning("push", frames.error().detail);
      known->second = std::move(frames.value());
    }
    for (const auto& frame : known->second)
      client->send(frame);
  }
}

std::vector<std::shared_ptr<push_client>>
push_hub::clients_of(const std::string& organization_id) {
  std::lock_guard lock{mutex_};
  auto found = by_organization_.find(organization_id);
  if (found == by_organization_.end())
    return {};
  return {found->second.begin(), found->second.end()};
}

std::vector<std::shared_ptr<push_client>> push_hub::everybody() {
  std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<push_client>> out;
  out.reserve(entered_);
  for (const auto& [organization, them] : by_organization_)
    out.insert(out.end(), them.begin(), them.end());
  return out;
}

void push_hub::tick() {
  auto now = steady_now();
  for (const auto& client : everybody())
    client->ping_if_due(now, services_.options.bounds.ping_interval);
}

// A query that fails says nothing about the key.
void push_hub::review() {
  std::map<log::digest, bool> asked;
  for (const auto& client : everybody()) {
    auto [known, is_new] = asked.try_emplace(client->key_hash, true);
    if (is_new) {
      auto valid = is_valid_key(services_, client->key_hash);
      known->second = !valid || valid.value();
    }
    if (!known->second)
      client->close_from_outside();
  }
}

} // namespace varve::gateway
