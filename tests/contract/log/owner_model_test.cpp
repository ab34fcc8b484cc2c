#include <catch2/catch.hpp>

#include <cstdlib>

#include "tests/contract/log/owner_model.hpp"
#include "tests/events/sample_records.hpp"

namespace varve::log::contract {

namespace {

// VARVE_MODEL_RUNS lengthens the run, VARVE_MODEL_SEED repeats one seed.
std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

template <class Run>
void with_seeds(Run run) {
  auto only = number_from("VARVE_MODEL_SEED", 0);
  auto runs = only ? 1 : number_from("VARVE_MODEL_RUNS", 300);
  for (std::uint64_t i = 0; i < runs; ++i) {
    auto seed = only ? only : i + 1;
    INFO("VARVE_MODEL_SEED=" << seed << " repeats it");
    run(seed);
  }
}

void check_none(const std::vector<std::string>& broken) {
  for (const auto& text : broken)
    FAIL_CHECK(text);
}

} // namespace

TEST_CASE("rival owners on an unreliable way to the log break no promise") {
  std::size_t acknowledged = 0;
  std::size_t epochs = 0;
  with_seeds([&](std::uint64_t seed) {
    owner_model model{seed, {}};
    model.run(300);
    model.settle();
    check_none(model.broken_promises());
    acknowledged += model.acknowledged();
    epochs += model.epochs();
  });
  // The model is worth something only when much gets through.
  CHECK(acknowledged > 300);
  CHECK(epochs > 300);
}

TEST_CASE("a copy notices when the log loses its tail under it") {
  std::size_t noticed = 0;
  with_seeds([&](std::uint64_t seed) {
    owner_model model{seed, {}};
    model.run(200);
    auto size = model.topic().size(0);
    model.topic().cut(0, 1 + model.draw(size));
    noticed += model.topic().size(0) < size;
    model.run(200);
    model.settle();
    check_none(model.unnoticed_divergence());
  });
  CHECK(noticed > 100);
}

TEST_CASE("a copy notices when the log is swapped for another") {
  with_seeds([&](std::uint64_t seed) {
    owner_model model{seed, {}};
    owner_model other{seed + 1000003, {}};
    model.run(200);
    other.run(100 + model.draw(300));
    model.topic().become(other.topic());
    model.run(100);
    model.settle();
    check_none(model.unnoticed_divergence());
  });
}

TEST_CASE("an altered record is never taken for another fate") {
  with_seeds([&](std::uint64_t seed) {
    owner_model model{seed, {}};
    model.run(150);
    auto offset = model.draw(model.topic().size(0));
    auto bytes = model.topic().at(0, offset).size();
    model.topic().alter(0, offset, model.draw(bytes));
    topic_copy copy{0};
    for (std::size_t i = 0; i < model.topic().size(0); ++i) {
      auto taken =
          copy.take(static_cast<std::int64_t>(i), model.topic().at(0, i));
      REQUIRE(bool(taken) == (i < offset));
    }
    REQUIRE(copy.fault());
    REQUIRE(copy.fault()->code == errc::log_corrupt);
  });
}

// A judge of the model itself: with one rule taken away it must complain.
TEST_CASE("a log that acknowledges what it loses breaks the model's promise") {
  std::size_t broken = 0;
  with_seeds([&](std::uint64_t seed) {
    owner_model model{seed, {}};
    model.run(200);
    model.topic().cut(0, 2);
    model.settle();
    broken += !model.broken_promises().empty();
  });
  CHECK(broken > 0);
}

} // namespace varve::log::contract
