// A store with a projector on it, in memory.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rocksdb/env.h>

#include "events/embedded_log.hpp"
#include "projections/projector.hpp"
#include "tests/projections/record_builder.hpp"

namespace varve::projections::samples {

inline std::unique_ptr<log::local_store> open_store(log::store_options where) {
  auto opened = log::local_store::open(std::move(where));
  INFO((opened ? std::string{} : opened.error().detail));
  REQUIRE(opened);
  // Makes the log where there is none.
  REQUIRE(log::embedded_log::open(*opened.value(), fixed_clock{}));
  return std::move(opened).value();
}

inline std::unique_ptr<projector> open_projector(log::local_store& store) {
  auto opened = projector::open(store);
  INFO((opened ? std::string{} : opened.error().detail));
  REQUIRE(opened);
  return std::move(opened).value();
}

inline constexpr std::chrono::seconds long_enough{20};

// Whether a position came to be applied.
inline bool is_applied(queries& asked, log::position at) {
  std::promise<bool> answer;
  auto seen = answer.get_future();
  asked.when_applied(at, long_enough,
                     [&answer](bool met) { answer.set_value(met); });
  return seen.get();
}

// All that is in the store.
inline void await_head(log::local_store& store, projector& subject) {
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    auto head = store.head(p);
    REQUIRE(head);
    auto next = head.value().next_index;
    REQUIRE((next == 0 || is_applied(subject.answers(), {p, next - 1})));
  }
}

// The first row that only one has, or that both have differently; empty when
// they are the same.
inline std::string difference(const projector::rows& a,
                              const projector::rows& b) {
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i])
    ++i;
  if (i == a.size() && i == b.size())
    return {};
  auto show = [i](const projector::rows& rows) {
    return i < rows.size() ? rows[i].first + " = " + rows[i].second
                           : std::string{"nothing"};
  };
  return "row " + std::to_string(i) + ": " + show(a) + " against " + show(b);
}

class projector_fixture {
 public:
  projector_fixture()
      : env{rocksdb::NewMemEnv(rocksdb::Env::Default())},
        store{open_store({.path = "/store", .env = env.get()})}, write{*store},
        subject{open_projector(*store)} {
    await_head(*store, *subject);
  }

  queries& ask() {
    return subject->answers();
  }

  // As the log writer does after a commit.
  void publish(const log::record_ptr& r) {
    std::vector<log::record_ptr> one{r};
    subject->publish(one);
  }
  void show(const log::record_ptr& r) {
    publish(r);
    REQUIRE(is_applied(ask(), r->at()));
  }
  template <class Event>
  void sandbox(const std::string& id, Event event,
               const std::string& organization = "org") {
    show(write.sandbox(organization, id, std::move(event)));
  }

  // Stops and opens the projector, the store staying as it is.
  void restart() {
    subject.reset();
    subject = open_projector(*store);
    await_head(*store, *subject);
  }

  projector::rows dump() {
    auto rows = subject->dump();
    INFO((rows ? std::string{} : rows.error().detail));
    REQUIRE(rows);
    return std::move(rows).value();
  }

  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<log::local_store> store;
  record_builder write;
  std::unique_ptr<projector> subject;
};

} // namespace varve::projections::samples
