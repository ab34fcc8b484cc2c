#include <catch2/catch.hpp>

#include "tests/contract/log/memory_fixture.hpp"

namespace varve::log::contract {

TEST_CASE("the memory log keeps the contract") {
  for (const auto& each : log_contract()) {
    INFO(each.name);
    memory_fixture fixture;
    findings found;
    each.run(fixture, found);
    for (const auto& broken : found.broken())
      FAIL_CHECK(broken);
  }
}

} // namespace varve::log::contract
