// Pausing, resizing, and what a sandbox is set to.
#include <charconv>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/activity.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/create_body.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/json_fields.hpp"
#include "gateway/api/network_fields.hpp"
#include "gateway/api/sandbox_json.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::sandbox_view;

namespace {

// Answered at once, with the sandbox as it is then.
answer carry_out_and_show(services& s, const request& r, command what,
                          std::string id) {
  auto reply = co_await carry_out_now(s, r, std::move(what), id);
  if (!reply)
    co_return reply.error();
  auto view = find_sandbox(s, r, id);
  if (!view)
    co_return view.error();
  auto body = full_sandbox_json(s, r, view.value());
  if (!body)
    co_return body.error();
  auto out = json_answer(200, std::move(body.value()));
  out.at = reply.value().at;
  co_return out;
}

// Ten years: what is longer is a mistake, and dates stay dates.
constexpr std::int32_t longest_minutes = 10 * 366 * 24 * 60;
constexpr std::int32_t most_cores = 1024;
constexpr std::int32_t most_gib = 16 * 1024;

result<json::object> object_body(const request& r) {
  if (!r.json)
    return json::object{};
  if (!r.json->is_object())
    return failure(errc::invalid, "the request body must be an object");
  return r.json->get_object();
}

// What made it other than asked.
std::string trouble_of(const sandbox_view& v) {
  return v.state == projections::sandbox_state::error ? v.error_reason
                                                      : v.adjust_reason;
}

// Runs the command, and answers with the sandbox once it has come to rest.
// `sorry` opens the answer when it is not as it was asked to be.
answer settle(services& s, const request& r, command what, std::string id,
              const char* sorry) {
  auto done = co_await carry_out(s, r, std::move(what), id);
  if (!done)
    co_return done.error();
  const auto& view = done.value().sandbox;
  if (!view)
    co_return failure(errc::not_found,
                      "Sandbox with ID or name " + id + " not found");
  if (auto why = trouble_of(*view); !why.empty())
    co_return failure(errc::unsupported, sorry + why);
  auto body = full_sandbox_json(s, r, *view);
  if (!body)
    co_return body.error();
  auto out = json_answer(200, std::move(body.value()));
  out.at = done.value().reply.at;
  co_return out;
}

result<std::int32_t> minutes_in(const std::string& text, std::int32_t least) {
  std::int32_t out = 0;
  const auto* end = text.data() + text.size();
  auto [at, ec] = std::from_chars(text.data(), end, out);
  if (ec != std::errc{} || at != end)
    return failure(errc::invalid,
                   "Validation failed (numeric string is expected)");
  if (out < least || out > longest_minutes)
    return failure(errc::invalid,
                   "Interval must be between " + std::to_string(least) + " and "
                       + std::to_string(longest_minutes) + " minutes");
  return out;
}

// One of the timers that the path names with a number of minutes.
answer set_timer(services& s, const request& r, std::int32_t least,
                 void (*apply)(SetTimers& to, std::int32_t minutes)) {
  auto minutes = minutes_in(r.captures[1], least);
  if (!minutes)
    co_return minutes.error();
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  SetTimers what;
  what.sandbox_id = target.value().id;
  apply(what, minutes.value());
  command sent = std::move(what);
  co_return co_await carry_out_and_show(s, r, std::move(sent),
                                        target.value().id);
}

// In whole units of which the command has `per_unit`.
result<std::optional<std::uint32_t>> amount(const json::object& body,
                                            std::string_view name,
                                            std::int32_t most,
                                            std::uint32_t per_unit) {
  VARVE_TRY(auto given, number_member(body, name));
  if (!given)
    return std::optional<std::uint32_t>{};
  if (*given < 1 || *given > most)
    return failure(errc::invalid, std::string{name} + " must be between 1 and "
                                      + std::to_string(most));
  return std::optional{static_cast<std::uint32_t>(*given) * per_unit};
}

result<ResizeSandbox> resize_for(const request& r, const sandbox_view& v) {
  VARVE_TRY(auto body, object_body(r));
  ResizeSandbox out;
  out.sandbox_id = v.id;
  VARVE_TRY(out.cpu_millis, amount(body, "cpu", most_cores, 1000));
  VARVE_TRY(out.memory_mib, amount(body, "memory", most_gib, 1024));
  VARVE_TRY(out.disk_gib, amount(body, "disk", most_gib, 1));
  return out;
}

} // namespace

answer pause_sandbox(services& s, const request& r) {
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  const auto& id = target.value().id;
  command what = PauseSandbox{id};
  co_return co_await settle(s, r, std::move(what), id,
                            "Sandbox could not be paused: ");
}

answer resize_sandbox(services& s, const request& r) {
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  auto wanted = resize_for(r, target.value());
  if (!wanted)
    co_return wanted.error();
  command what = std::move(wanted.value());
  co_return co_await settle(s, r, std::move(what), target.value().id,
                            "Sandbox could not be resized: ");
}

answer set_network(services& s, const request& r) {
  auto body = object_body(r);
  if (!body)
    co_return body.error();
  auto rules = read_network(body.value());
  if (!rules)
    co_return rules.error();
  if (!rules.value())
    co_return failure(errc::invalid,
                      "At least one network setting must be provided");
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  const auto& id = target.value().id;
  command what = SetNetwork{id, std::move(*rules.value())};
  co_return co_await settle(s, r, std::move(what), id,
                            "Network settings could not be applied: ");
}

answer set_public(services& s, const request& r) {
  auto wanted = r.captures[1] == "true";
  if (!wanted && r.captures[1] != "false")
    co_return failure(errc::invalid,
                      "Validation failed (boolean string is expected)");
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  const auto& id = target.value().id;
  command what = SetPublic{id, wanted};
  co_return co_await carry_out_and_show(s, r, std::move(what), id);
}

answer set_auto_stop(services& s, const request& r) {
  return set_timer(s, r, 0, [](SetTimers& to, std::int32_t minutes) {
    to.auto_stop = minutes;
  });
}

answer set_auto_pause(services& s, const request& r) {
  return set_timer(s, r, 0, [](SetTimers& to, std::int32_t minutes) {
    to.auto_pause = minutes;
  });
}

answer set_auto_delete(services& s, const request& r) {
  return set_timer(s, r, -longest_minutes,
                   [](SetTimers& to, std::int32_t minutes) {
                     to.auto_delete = minutes < 0 ? -1 : minutes;
                   });
}

answer set_ttl(services& s, const request& r) {
  return set_timer(s, r, 0, [](SetTimers& to, std::int32_t minutes) {
    to.ttl_minutes = static_cast<std::uint32_t>(minutes);
  });
}

answer set_auto_archive(services& s, const request& r) {
  return set_timer(s, r, 0, [](SetTimers& to, std::int32_t minutes) {
    to.auto_archive = auto_archive_of(minutes);
  });
}

// Answered at once: large files take their time, and nobody waits for that.
answer archive_sandbox(services& s, const request& r) {
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  const auto& id = target.value().id;
  command what = ArchiveSandbox{id};
  co_return co_await carry_out_and_show(s, r, std::move(what), id);
}

} // namespace varve::gateway
