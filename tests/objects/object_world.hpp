// A store in a directory of its own, and time as a test wants it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "gateway/objects/object_store.hpp"
#include "tests/events/scratch_directory.hpp"

namespace varve::test {

class set_clock final : public clock {
 public:
  timestamp now() const noexcept override {
    return time;
  }
  std::atomic<timestamp> time{1'800'000'000'000};
};

inline gateway::store_limits small_limits() {
  gateway::store_limits out;
  out.object_bytes = 1000;
  out.organization_bytes = 3000;
  out.free_bytes = 0;
  out.part_bytes = 10;
  out.parts = 100;
  out.uploads = 2;
  return out;
}

struct object_world {
  log::samples::scratch_directory scratch;
  set_clock time;
  std::unique_ptr<gateway::object_store> store;
  gateway::store_limits bounds = small_limits();

  object_world() {
    reopen();
  }

  void reopen() {
    store.reset();
    auto opened =
        gateway::object_store::open(scratch.path() + "/objects", time, bounds);
    REQUIRE(opened);
    store = std::move(opened.value());
  }

  static gateway::object_key key(std::string hash, std::string name = "f",
                                 std::string organization = "org") {
    return {std::move(organization), std::move(hash), std::move(name)};
  }

  gateway::object_result<gateway::incoming_object>
  bytes(std::string_view text, const std::string& organization = "org") {
    BOOST_OUTCOME_TRY(auto out, store->begin(organization));
    BOOST_OUTCOME_TRYV(out.write(text));
    return out;
  }

  gateway::object_result<gateway::object_info>
  put(const gateway::object_key& to, std::string_view text,
      bool only_new = false) {
    BOOST_OUTCOME_TRY(auto from, bytes(text, to.organization));
    return store->put(std::move(from), to, only_new);
  }

  std::string content(const gateway::object_key& of) {
    auto opened = store->get(of);
    if (!opened)
      return std::string{opened.error().code};
    std::string out(opened.value().info.size, '\0');
    auto n = ::read(opened.value().file.get(), out.data(), out.size());
    REQUIRE(n == static_cast<ssize_t>(out.size()));
    return out;
  }
};

template <class Result>
std::string code_of(const Result& r) {
  return r ? "none" : std::string{r.error().code};
}

} // namespace varve::test
