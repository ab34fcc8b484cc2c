// Pages of sandboxes: orders, filters, cursors.
#include <algorithm>
#include <random>
#include <set>

#include "tests/projections/projector_fixture.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

namespace {

using ids = std::vector<std::string>;

class list_fixture : public projector_fixture {
 public:
  // Six sandboxes that differ in everything that can be asked for.
  void make_six() {
    sandbox("a1", created({.name = "Delta",
                           .labels = {{"env", "prod"}, {"team", "x"}},
                           .cpu_millis = 1000,
                           .memory_mib = 1024,
                           .disk_gib = 3}));
    sandbox("a2", created({.name = "alpha",
                           .labels = {{"env", "prod"}},
                           .cpu_millis = 2000,
                           .memory_mib = 4096,
                           .disk_gib = 10,
                           .snapshot = "node"}));
    sandbox("A3", created({.name = "charlie",
                           .labels = {{"env", "test"}, {"team", "x"}},
                           .cpu_millis = 500,
                           .memory_mib = 512,
                           .disk_gib = 1,
                           .region = "far"}));
    sandbox("b1", created({.name = "bravo",
                           .labels = {{"env", ""}},
                           .cpu_millis = 2000,
                           .memory_mib = 2048,
                           .disk_gib = 10,
                           .is_public = true}));
    sandbox("b2", created({.name = "alphabet"}));
    sandbox("b3", created({.name = "echo"}), "other");
    sandbox("a1", schema::SandboxStartedT{});
    sandbox("a2", schema::SandboxStartedT{});
    sandbox("a2", schema::SandboxStopRequestedT{});
    sandbox("A3", failed("broken", true));
  }

  sandbox_page page(const sandbox_filter& filter, std::string_view cursor = "",
                    std::size_t limit = 100) {
    auto out = ask().sandboxes("org", filter, cursor, limit);
    INFO((out ? std::string{} : out.error().detail));
    REQUIRE(out);
    return std::move(out).value();
  }
  ids listed(const sandbox_filter& filter) {
    ids out;
    for (const auto& item : page(filter).items)
      out.push_back(item.id);
    return out;
  }
  ids sorted(sandbox_filter filter) {
    auto out = listed(filter);
    std::sort(out.begin(), out.end());
    return out;
  }
  ids ordered(sandbox_sort by, bool ascending) {
    sandbox_filter filter;
    filter.sort = by;
    filter.ascending = ascending;
    return listed(filter);
  }
  ids paged(const sandbox_filter& filter, std::size_t limit) {
    ids out;
    std::string cursor;
    do {
      auto some = page(filter, cursor, limit);
      CHECK(some.items.size() <= limit);
      for (const auto& item : some.items)
        out.push_back(item.id);
      cursor = some.next_cursor;
    } while (!cursor.empty());
    return out;
  }
};

template <class T>
sandbox_filter with(T sandbox_filter::*what, std::type_identity_t<T> value) {
  sandbox_filter out;
  out.*what = std::move(value);
  return out;
}

ids reversed(ids list) {
  std::reverse(list.begin(), list.end());
  return list;
}

} // namespace

TEST_CASE_METHOD(list_fixture, "the newest activity comes first by default") {
  make_six();
  CHECK(listed({}) == ids{"A3", "a2", "a1", "b2", "b1"});
}

TEST_CASE_METHOD(list_fixture, "every order has its ties broken by id") {
  make_six();
  using by = sandbox_sort;
  CHECK(ordered(by::created, true) == ids{"a1", "a2", "A3", "b1", "b2"});
  CHECK(ordered(by::name, true) == ids{"a1", "a2", "b2", "b1", "A3"});
  CHECK(ordered(by::cpu, true) == ids{"A3", "a1", "b2", "a2", "b1"});
  CHECK(ordered(by::memory, true) == ids{"A3", "a1", "b2", "b1", "a2"});
  CHECK(ordered(by::disk, true) == ids{"A3", "a1", "b2", "a2", "b1"});
  for (auto each : {by::last_activity, by::name, by::cpu, by::memory, by::disk,
                    by::created})
    CHECK(ordered(each, false) == reversed(ordered(each, true)));
}

TEST_CASE_METHOD(list_fixture, "prefixes of id and name ignore case") {
  make_six();
  CHECK(sorted(with(&sandbox_filter::id_prefix, "a")) == ids{"A3", "a1", "a2"});
  CHECK(sorted(with(&sandbox_filter::id_prefix, "A")) == ids{"A3", "a1", "a2"});
  CHECK(sorted(with(&sandbox_filter::id_prefix, "a10")).empty());
  CHECK(sorted(with(&sandbox_filter::name_prefix, "AlphA")) == ids{"a2", "b2"});
  CHECK(sorted(with(&sandbox_filter::name_prefix, "d")) == ids{"a1"});
}

TEST_CASE_METHOD(list_fixture, "all labels asked for must be there") {
  make_six();
  CHECK(sorted(with(&sandbox_filter::labels, {{"env", "prod"}}))
        == ids{"a1", "a2"});
  CHECK(sorted(with(&sandbox_filter::labels, {{"env", "prod"}, {"team", "x"}}))
        == ids{"a1"});
  CHECK(sorted(with(&sandbox_filter::labels, {{"env", ""}})) == ids{"b1"});
  CHECK(sorted(with(&sandbox_filter::labels, {{"env", "pro"}})).empty());
  CHECK(sorted(with(&sandbox_filter::labels, {{"env", "prod"}, {"no", "such"}}))
            .empty());
  sandbox("a1", labels({{"team", "x"}}));
  CHECK(sorted(with(&sandbox_filter::labels, {{"env", "prod"}})) == ids{"a2"});
  CHECK(sorted(with(&sandbox_filter::labels, {{"team", "x"}}))
        == ids{"A3", "a1"});
}

TEST_CASE_METHOD(list_fixture, "states, snapshots, regions are any of") {
  make_six();
  using s = sandbox_state;
  CHECK(sorted(with(&sandbox_filter::states, {s::started})) == ids{"a1"});
  CHECK(sorted(with(&sandbox_filter::states, {s::started, s::stopping}))
        == ids{"a1", "a2"});
  CHECK(sorted(with(&sandbox_filter::states, {s::destroyed})).empty());
  CHECK(sorted(with(&sandbox_filter::snapshots, {"node", "none"}))
        == ids{"a2"});
  CHECK(sorted(with(&sandbox_filter::regions, {"far"})) == ids{"A3"});
}

TEST_CASE_METHOD(list_fixture, "bounds are in whole units and included") {
  make_six();
  sandbox_filter f;
  f.min_cpu = 2;
  CHECK(sorted(f) == ids{"a2", "b1"});
  f.max_memory_gib = 2;
  CHECK(sorted(f) == ids{"b1"});
  f = {};
  f.max_cpu = 1;
  CHECK(sorted(f) == ids{"A3", "a1", "b2"});
  f.min_memory_gib = 1;
  CHECK(sorted(f) == ids{"a1", "b2"});
  f = {};
  f.min_disk_gib = 10;
  f.max_disk_gib = 10;
  CHECK(sorted(f) == ids{"a2", "b1"});
}

TEST_CASE_METHOD(list_fixture, "flags and times choose") {
  make_six();
  sandbox_filter f;
  f.is_public = true;
  CHECK(sorted(f) == ids{"b1"});
  f = {};
  f.is_recoverable = true;
  CHECK(sorted(f) == ids{"A3"});
  f = {};
  f.created_after = epoch_2026 + 1;
  f.created_before = epoch_2026 + 2;
  CHECK(sorted(f) == ids{"A3", "a2"});
  f = {};
  f.updated_before = epoch_2026 + 4;
  CHECK(sorted(f) == ids{"b1", "b2"});
  f = {};
  f.updated_after = epoch_2026 + 9;
  CHECK(sorted(f) == ids{"A3"});
}

TEST_CASE_METHOD(list_fixture, "pages put together are the whole list") {
  make_six();
  for (auto sort : {sandbox_sort::last_activity, sandbox_sort::name,
                    sandbox_sort::cpu, sandbox_sort::created})
    for (bool ascending : {true, false})
      for (std::size_t limit : {1u, 2u, 4u, 5u, 6u}) {
        sandbox_filter f;
        f.sort = sort;
        f.ascending = ascending;
        CHECK(paged(f, limit) == listed(f));
        f.labels = {{"env", "prod"}};
        CHECK(paged(f, limit) == listed(f));
      }
  CHECK(page({}, "", 5).next_cursor.empty());
  CHECK_FALSE(page({}, "", 4).next_cursor.empty());
}

TEST_CASE_METHOD(list_fixture, "a cursor that nobody made is invalid") {
  make_six();
  auto good = page({}, "", 1).next_cursor;
  auto by_name =
      page(with(&sandbox_filter::sort, sandbox_sort::name), "", 1).next_cursor;
  for (std::string bad :
       {std::string{"!"}, std::string{"e30"}, std::string{"W10"}, by_name,
        good.substr(1), good + "!", std::string(5000, 'A')}) {
    auto out = ask().sandboxes("org", {}, bad, 10);
    REQUIRE_FALSE(out);
    CHECK(out.error().code == errc::invalid);
  }
  sandbox_filter names;
  names.sort = sandbox_sort::name;
  CHECK_FALSE(ask().sandboxes("org", names, good, 10));
  CHECK_FALSE(ask().sandboxes("org", {}, "", 0));
}

TEST_CASE_METHOD(list_fixture, "labels of many and of few find the same") {
  constexpr int count = 1500; // more than are sorted in memory
  log::record_ptr last;
  for (int i = 0; i < count; ++i) {
    auto id = "s" + std::to_string(1000 + i);
    last = write.sandbox(
        "org", id,
        created({.name = id,
                 .labels = {{"all", "1"}, {"mod", std::to_string(i % 7)}}}));
  }
  show(last);
  CHECK(paged(with(&sandbox_filter::labels, {{"all", "1"}}), 200).size()
        == count);
  ids expected;
  for (int i = count - 1; i >= 0; --i)
    if (i % 7 == 3)
      expected.push_back("s" + std::to_string(1000 + i));
  CHECK(paged(with(&sandbox_filter::labels, {{"mod", "3"}}), 50) == expected);
  CHECK(paged(with(&sandbox_filter::labels, {{"mod", "3"}, {"all", "1"}}), 50)
        == expected);
}

TEST_CASE_METHOD(list_fixture, "what does not change is on one page exactly") {
  auto seed = GENERATE(1u, 2u, 3u);
  auto sort = GENERATE(sandbox_sort::last_activity, sandbox_sort::name,
                       sandbox_sort::created);
  auto ascending = GENERATE(true, false);
  std::mt19937 random{seed};
  log::record_ptr last;
  auto name_of = [](unsigned i) { return "s" + std::to_string(10'000 + i); };
  for (unsigned i = 0; i < 1000; ++i)
    last = write.sandbox("org", name_of(i), created({.name = name_of(i)}));
  show(last);

  std::set<std::string> changed;
  std::multiset<std::string> seen;
  sandbox_filter f;
  f.sort = sort;
  f.ascending = ascending;
  std::string cursor;
  unsigned fresh = 1000;
  do {
    auto some = page(f, cursor, 73);
    for (const auto& item : some.items)
      seen.insert(item.id);
    cursor = some.next_cursor;
    for (int i = 0; i < 20; ++i) {
      auto id = name_of(random() % 1000);
      auto is_first = changed.insert(id).second;
      if (random() % 2 == 0 && is_first)
        last = write.sandbox("org", id, schema::SandboxDestroyRequestedT{}),
        last = write.sandbox("org", id, schema::SandboxDestroyedT{});
      else if (is_first)
        last = write.sandbox("org", id, labels({{"touched", "1"}}));
      else
        last = write.sandbox("org", name_of(fresh),
                             created({.name = name_of(fresh)})),
        ++fresh;
    }
    show(last);
  } while (!cursor.empty() && seen.size() < 5000);

  CHECK(cursor.empty());
  CHECK(changed.size() > 100);
  for (unsigned i = 0; i < 1000; ++i)
    if (!changed.contains(name_of(i)))
      CHECK(seen.count(name_of(i)) == 1);
}
