// `varve log`: the log itself, as of now, also beside a running server.
#include <algorithm>
#include <cstdio>
#include <map>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "events/record_json.hpp"
#include "events/verify.hpp"
#include "ops/commands.hpp"
#include "ops/log_copy.hpp"
#include "ops/record_filter.hpp"
#include "ops/stored_log.hpp"

namespace varve::ops {

namespace {

namespace json = boost::json;

void print(const json::value& line) {
  std::puts(json::serialize(line).c_str());
}

std::string hex(const log::digest& hash) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (auto byte : hash) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

result<void> verify(const options& chosen) {
  VARVE_TRY(auto store, open_to_read(chosen));
  VARVE_TRY(auto found, log::verify_chains(*store));
  std::printf("%llu records, %llu bytes, every chain is whole\n",
              static_cast<unsigned long long>(found.records),
              static_cast<unsigned long long>(found.bytes));
  return ok();
}

// Partition by partition, each in the order of its chain.
result<void> dump(const options& chosen) {
  VARVE_TRY(auto filter, parse_filter(chosen.wanted));
  VARVE_TRY(auto store, open_to_read(chosen));
  return for_each_record(*store, [&](const log::record_ptr& r) {
    if (matches(filter, *r))
      std::puts(log::to_json(*r).c_str());
    return r->view().time() <= filter.until;
  });
}

// A partition's newest that match, newest first.
result<void> add_newest(log::local_store& store, std::uint16_t partition,
                        const record_filter& filter, std::size_t most,
                        std::vector<log::record_ptr>& to) {
  constexpr std::uint64_t at_once = 256;
  VARVE_TRY(auto head, store.head(partition));
  std::size_t found = 0;
  for (auto end = head.next_index; end > 0 && found < most;) {
    auto from = end > at_once ? end - at_once : 0;
    VARVE_TRY(auto records, store.read(partition, from, end - from));
    for (auto r = records.rbegin(); r != records.rend() && found < most; ++r)
      if (matches(filter, **r)) {
        to.push_back(*r);
        ++found;
      }
    end = from;
  }
  return ok();
}

// The newest of all partitions, oldest first.
result<void> tail(const options& chosen) {
  VARVE_TRY(auto filter, parse_filter(chosen.wanted));
  VARVE_TRY(auto store, open_to_read(chosen));
  std::vector<log::record_ptr> found;
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    VARVE_CHECK(add_newest(*store, p, filter, chosen.wanted.limit, found));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) {
                     return std::pair{a->view().time(), a->at()}
                            < std::pair{b->view().time(), b->at()};
                   });
  auto skipped = found.size() - std::min(found.size(), chosen.wanted.limit);
  for (auto i = skipped; i < found.size(); ++i)
    std::puts(log::to_json(*found[i]).c_str());
  return ok();
}

result<void> heads(const options& chosen) {
  VARVE_TRY(auto store, open_to_read(chosen));
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    VARVE_TRY(auto head, store->head(p));
    print({{"partition", p},
           {"records", head.next_index},
           {"hash", hex(head.hash)},
           {"epoch", head.epoch},
           {"time", head.time}});
  }
  return ok();
}

// Counts by name, the largest first.
json::array ranked(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> all{counts.begin(),
                                                         counts.end()};
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.second > b.second;
  });
  json::array out;
  for (const auto& [name, count] : all)
    out.push_back({{"name", name}, {"count", count}});
  return out;
}

result<void> stats(const options& chosen) {
  VARVE_TRY(auto filter, parse_filter(chosen.wanted));
  VARVE_TRY(auto store, open_to_read(chosen));
  std::map<std::string, std::uint64_t> events, causes, organizations;
  std::uint64_t records = 0, bytes = 0, last = 0, first = UINT64_MAX;
  VARVE_CHECK(for_each_record(*store, [&](const log::record_ptr& r) {
    if (!matches(filter, *r))
      return true;
    const auto& view = r->view();
    ++records;
    bytes += r->frame().size();
    first = std::min(first, view.time());
    last = std::max(last, view.time());
    ++causes[schema::EnumNameCause(view.cause())];
    if (const auto* organization = view.organization_id())
      ++organizations[organization->str()];
    for (const auto* entry : *view.entries())
      ++events[schema::EnumNameEvent(entry->event_type())];
    return true;
  }));
  print({{"records", records},
         {"bytes", bytes},
         {"first", records == 0 ? 0 : first},
         {"last", last},
         {"events", ranked(events)},
         {"causes", ranked(causes)},
         {"organizations", ranked(organizations)}});
  return ok();
}

constexpr const char* usage_line =
    "usage: varve log dump | tail | stats | heads | verify | copy";

struct reading {
  std::string_view name;
  command_function run;
  bool selects; // whether it takes a selection of records
};
constexpr reading readings[] = {
    {"dump", dump, true},      {"tail", tail, true},
    {"stats", stats, true},    {"heads", heads, false},
    {"verify", verify, false}, {"copy", copy_log, false}};

} // namespace

result<void> log(const options& chosen) {
  if (chosen.arguments.size() != 1)
    return failure(errc::invalid, usage_line);
  for (const auto& each : readings)
    if (chosen.arguments[0] == each.name) {
      if (!each.selects && chosen.wanted.selects_records())
        return failure(errc::invalid, "varve log " + chosen.arguments[0]
                                          + " reads the whole log");
      return each.run(chosen);
    }
  return failure(errc::invalid, usage_line);
}

} // namespace varve::ops
