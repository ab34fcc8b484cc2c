// `varve replay`: what was so at a moment, and whether the read models follow
// from the log.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "gateway/api/wire_time.hpp"
#include "ops/admin_client.hpp"
#include "ops/commands.hpp"
#include "ops/stored_log.hpp"
#include "ops/view_json.hpp"
#include "projections/replay.hpp"

namespace varve::ops {

namespace {

template <class View>
void print(const View& view) {
  std::puts(boost::json::serialize(view_json(view)).c_str());
}

template <class View>
void print_all(const std::vector<View>& views) {
  for (const auto& view : views)
    print(view);
}

result<void> print_sandboxes(projections::queries& past,
                             const std::string& organization) {
  constexpr std::size_t at_once = 200;
  projections::sandbox_filter all;
  all.include_errored_deleted = true;
  std::string cursor;
  do {
    VARVE_TRY(auto page, past.sandboxes(organization, all, cursor, at_once));
    print_all(page.items);
    cursor = page.next_cursor;
  } while (!cursor.empty());
  return ok();
}

result<void> print_everything(projections::queries& past) {
  VARVE_TRY(auto runners, past.runners());
  print_all(runners);
  VARVE_TRY(auto general, past.snapshots(""));
  print_all(general);
  VARVE_TRY(auto organizations, past.organizations());
  for (const auto& each : organizations) {
    print(each);
    VARVE_TRY(auto keys, past.api_keys(each.id));
    print_all(keys);
    VARVE_TRY(auto snapshots, past.snapshots(each.id));
    for (const auto& snapshot : snapshots)
      if (snapshot.organization_id == each.id)
        print(snapshot);
    VARVE_CHECK(print_sandboxes(past, each.id));
  }
  return ok();
}

result<void> show(const options& chosen) {
  auto moment = gateway::from_iso8601(chosen.wanted.at);
  if (!moment)
    return failure(errc::invalid, "--at: '" + chosen.wanted.at
                                      + "' is no time like "
                                        "2026-01-02T03:04:05.678Z");
  VARVE_TRY(auto store, open_to_read(chosen));
  const auto& id = chosen.wanted.sandbox;
  if (id.empty()) {
    VARVE_TRY(auto past, projections::replay::until(*store, *moment));
    return print_everything(past->answers());
  }
  VARVE_TRY(auto found, projections::replay_sandbox(*store, id, *moment));
  if (!found)
    return failure(errc::not_found,
                   "there was no sandbox with the id " + id + " by then");
  print(*found);
  return ok();
}

// Read models pass by the write-ahead log: what a running server has not
// flushed cannot be seen from here.
result<void> flush_running(const options& chosen) {
  auto answer = ask_admin(chosen.data_dir + "/admin.sock", "POST",
                          "/projections/flush", "");
  if (!answer)
    return answer.error().code == errc::runner_unavailable
               ? ok()
               : result<void>{answer.error()};
  if (answer.value().status != 200)
    return failure(errc::store_failed,
                   "the server does not flush: " + answer.value().body);
  return ok();
}

result<void> check(const options& chosen) {
  VARVE_CHECK(flush_running(chosen));
  VARVE_TRY(auto store, open_to_read(chosen));
  VARVE_TRY(auto found, projections::compare_with_log(*store));
  for (const auto& each : found.differences)
    std::printf("%s\n", each.c_str());
  if (found.different > 0)
    return failure(errc::store_failed,
                   std::to_string(found.different)
                       + " rows differ from what the log says; "
                         "`varve projections rebuild` builds them anew");
  std::printf("%llu records make the same %llu rows\n",
              static_cast<unsigned long long>(found.records),
              static_cast<unsigned long long>(found.rows));
  return ok();
}

} // namespace

result<void> replay(const options& chosen) {
  const auto& wanted = chosen.wanted;
  if (!chosen.arguments.empty() || wanted.check == !wanted.at.empty()
      || (wanted.check && !wanted.sandbox.empty()))
    return failure(errc::invalid, "usage: varve replay --check | --at TIME "
                                  "[--sandbox ID]");
  return wanted.check ? check(chosen) : show(chosen);
}

} // namespace varve::ops
