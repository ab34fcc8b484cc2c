// Pools of started sandboxes that wait for an organization's creates.
#include "gateway/api/warm_pool_handlers.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/json_fields.hpp"
#include "gateway/api/wire_time.hpp"
#include "gateway/warm_waiters.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::warm_pool_view;

namespace {

// What a pool's sandboxes are made for: a create without a user of its own.
constexpr const char* default_user = "daytona";

// Null: none ever waits here.
warm_waiters* waiters(const services& s) {
  auto* found = dynamic_cast<warm_waiters*>(&s.guests);
  return found != nullptr && found->most() > 0 ? found : nullptr;
}

std::size_t most_waiting(const services& s) {
  const auto* found = waiters(s);
  return found == nullptr ? 0 : found->most();
}

// They can be seen and removed where none waits any more.
result<std::vector<warm_pool_view>> pools_of(const services& s,
                                             const std::string& organization) {
  auto* found = dynamic_cast<warm_waiters*>(&s.guests);
  if (found == nullptr)
    return std::vector<warm_pool_view>{};
  return found->pools(organization);
}

json::object pool_json(services& s, const warm_pool_view& v) {
  auto snapshot = s.reads.snapshot(v.organization_id, v.snapshot_id);
  auto is_there = snapshot && snapshot.value();
  const auto* keeper = waiters(s);
  auto waiting =
      is_there && keeper != nullptr
          ? keeper->waiting(v.organization_id, snapshot.value()->image_ref)
          : 0;
  json::object out;
  out["id"] = v.id;
  out["organizationId"] = v.organization_id;
  out["snapshot"] = v.snapshot_name;
  out["target"] = v.region;
  out["pool"] = v.size;
  out["currentSize"] = waiting;
  out["cpu"] = v.resources.cpu_millis() / 1000.0;
  out["mem"] = v.resources.memory_mib() / 1024.0;
  out["disk"] = v.resources.disk_gib();
  out["osUser"] = default_user;
  out["env"] = json::object{};
  out["errorReason"] = nullptr;
  if (!is_there)
    out["errorReason"] = "The snapshot does not exist any more";
  else if (most_waiting(s) == 0)
    out["errorReason"] = "This server keeps no warm sandboxes";
  else if (v.size > most_waiting(s))
    out["errorReason"] = "This server keeps at most "
                         + std::to_string(most_waiting(s)) + " warm sandboxes";
  out["createdAt"] = to_iso8601(v.created_at);
  out["updatedAt"] = to_iso8601(v.updated_at);
  return out;
}

result<warm_pool_view> find_pool(services& s, const request& r,
                                 const std::string& id) {
  VARVE_TRY(auto all, pools_of(s, r.who->organization_id));
  auto found = std::find_if(all.begin(), all.end(),
                            [&](const auto& one) { return one.id == id; });
  if (found == all.end())
    return failure(errc::not_found, "Warm pool with ID " + id + " not found");
  return std::move(*found);
}

result<std::uint32_t> size_in(const json::object& body, std::int32_t least) {
  constexpr std::int32_t most = 10'000;
  VARVE_TRY(auto given, number_member(body, "pool"));
  if (!given || *given < least || *given > most)
    return failure(errc::invalid, "pool must be a number from "
                                      + std::to_string(least) + " to "
                                      + std::to_string(most));
  return static_cast<std::uint32_t>(*given);
}

result<json::object> object_in(const request& r) {
  if (!r.json || !r.json->is_object())
    return failure(errc::invalid, "the request body must be an object");
  return r.json->get_object();
}

// The pool's id is the command's: repeated, it finds the same.
result<SetWarmPool> pool_for(services& s, const request& r) {
  if (most_waiting(s) == 0)
    return failure(errc::unsupported,
                   "This server keeps no warm sandboxes (--warm-count 0)");
  VARVE_TRY(auto body, object_in(r));
  VARVE_TRY(auto wanted, text_member(body, "snapshot"));
  VARVE_TRY(auto target, text_member(body, "target"));
  SetWarmPool out;
  VARVE_TRY(out.size, size_in(body, 1));
  if (target && !target->empty() && *target != s.options.region)
    return failure(errc::not_found, "Region not found");
  if (!wanted || wanted->empty())
    return failure(errc::invalid, "snapshot must be given");
  VARVE_TRY(auto found, s.reads.snapshot(r.who->organization_id, *wanted));
  if (!found)
    return failure(errc::not_found,
                   "Snapshot with ID or name " + *wanted + " not found");
  if (found->state != "active")
    return failure(errc::invalid,
                   "Snapshot " + *wanted + " is " + found->state);
  out.pool_id = r.correlation_id;
  out.is_new = true;
  out.snapshot_id = found->id;
  out.snapshot_name = found->name;
  out.region = s.options.region;
  out.resources = found->resources;
  return out;
}

// Carries it out, tells the runner, and answers with the pool where one stays.
answer change(services& s, const request& r, command what, std::string id,
              unsigned status) {
  auto reply = co_await carry_out_now(s, r, std::move(what), "");
  if (!reply)
    co_return reply.error();
  if (auto* keeper = waiters(s))
    if (auto told = keeper->pools_changed(); !told)
      co_return told.error();
  response out;
  out.status = status;
  if (status != 204) {
    auto pool = find_pool(s, r, id);
    if (!pool)
      co_return pool.error();
    out = json_answer(status, pool_json(s, pool.value()));
  }
  out.at = reply.value().at;
  co_return out;
}

} // namespace

answer list_warm_pools(services& s, const request& r) {
  auto all = pools_of(s, r.who->organization_id);
  if (!all)
    co_return all.error();
  json::array out;
  for (const auto& one : all.value())
    out.push_back(pool_json(s, one));
  co_return json_answer(200, std::move(out));
}

answer create_warm_pool(services& s, const request& r) {
  auto wanted = pool_for(s, r);
  if (!wanted)
    co_return wanted.error();
  auto id = wanted.value().pool_id;
  command what = std::move(wanted.value());
  co_return co_await change(s, r, std::move(what), std::move(id), 201);
}

answer resize_warm_pool(services& s, const request& r) {
  auto body = object_in(r);
  if (!body)
    co_return body.error();
  auto size = size_in(body.value(), 0);
  if (!size)
    co_return size.error();
  auto pool = find_pool(s, r, r.captures[0]);
  if (!pool)
    co_return pool.error();
  SetWarmPool wanted;
  wanted.pool_id = pool.value().id;
  wanted.snapshot_id = pool.value().snapshot_id;
  wanted.size = size.value();
  command what = std::move(wanted);
  co_return co_await change(s, r, std::move(what), pool.value().id, 200);
}

answer delete_warm_pool(services& s, const request& r) {
  auto pool = find_pool(s, r, r.captures[0]);
  if (!pool)
    co_return pool.error();
  command what = RemoveWarmPool{pool.value().id};
  co_return co_await change(s, r, std::move(what), pool.value().id, 204);
}

} // namespace varve::gateway
