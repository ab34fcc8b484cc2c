#include <catch2/catch.hpp>

#include "events/mirrored_log.hpp"
#include "events/seal.hpp"
#include "tests/contract/log/contract_pen.hpp"
#include "tests/contract/log/memory_fixture.hpp"
#include "tests/events/store_fixture.hpp"

namespace varve::log::contract {

namespace {

using namespace std::chrono_literals;

// A node: its store, and the memory log seen through it.
class mirrored_node final : public event_log {
 public:
  static result<std::unique_ptr<event_log>>
  open(const std::shared_ptr<raw_topic>& topic,
       std::shared_ptr<samples::memory_store> disk, std::string name) {
    auto out = std::make_unique<mirrored_node>();
    out->disk_ = std::move(disk);
    VARVE_TRY(out->store_, local_store::open(out->disk_->options()));
    VARVE_TRY(auto elsewhere, memory_log::open(topic));
    VARVE_TRY(out->log_, mirrored_log::open(std::move(elsewhere), *out->store_,
                                            std::move(name)));
    return std::unique_ptr<event_log>{std::move(out)};
  }
  const std::string& log_id() const noexcept override {
    return log_->log_id();
  }
  result<void> append(std::span<const record_ptr> batch) override {
    return log_->append(batch);
  }
  result<chain_head> head(std::uint16_t partition) override {
    return log_->head(partition);
  }
  result<std::vector<record_ptr>> read(std::uint16_t partition,
                                       std::uint64_t from,
                                       std::size_t limit) override {
    return log_->read(partition, from, limit);
  }
  result<std::vector<record_ptr>>
  tail(std::chrono::milliseconds patience) override {
    return log_->tail(patience);
  }
  local_store& store() noexcept {
    return *store_;
  }

 private:
  std::shared_ptr<samples::memory_store> disk_;
  std::unique_ptr<local_store> store_;
  std::unique_ptr<mirrored_log> log_;
};

class mirrored_fixture final : public memory_fixture {
 public:
  mirrored_fixture() {
    [[maybe_unused]] auto opened = memory_fixture::reopen();
  }
  result<std::unique_ptr<event_log>>
  open_node(std::shared_ptr<samples::memory_store> disk, std::string name) {
    return mirrored_node::open(topic_, std::move(disk), std::move(name));
  }
  std::shared_ptr<raw_topic> shared_topic() {
    return topic_;
  }

 protected:
  result<std::unique_ptr<event_log>> open() override {
    return open_node(std::make_shared<samples::memory_store>(), "node");
  }
};

// Opened or the test ends.
std::unique_ptr<event_log> need(result<std::unique_ptr<event_log>> opened) {
  INFO((opened ? std::string{} : opened.error().detail));
  REQUIRE(opened);
  return std::move(opened).value();
}

local_store& store_of(event_log& node) {
  return static_cast<mirrored_node&>(node).store();
}

} // namespace

TEST_CASE("a log with a copy in the local store keeps the contract") {
  for (const auto& each : log_contract()) {
    INFO(each.name);
    mirrored_fixture fixture;
    findings found;
    each.run(fixture, found);
    for (const auto& broken : found.broken())
      FAIL_CHECK(broken);
  }
}

TEST_CASE("what was acknowledged is in the store") {
  mirrored_fixture fixture;
  contract_pen pen{fixture.log(), 3};
  auto r = pen.next();
  REQUIRE(pen.append({r}));
  auto& store = store_of(fixture.log());
  CHECK(store.head(3).value() == pen.head);
  CHECK(store.latest("contract-3").value()->version == 1);
}

TEST_CASE("a store that was lost is built from the log again") {
  mirrored_fixture fixture;
  contract_pen pen{fixture.log(), 5};
  std::vector<record_ptr> written{pen.epoch(), pen.next(), pen.next()};
  REQUIRE(pen.append(written));
  auto disk = std::make_shared<samples::memory_store>();
  auto fresh = need(fixture.open_node(disk, "node"));
  auto read = store_of(*fresh).read(5, 1, 9);
  REQUIRE(read);
  CHECK(same_records(read.value(), written));
  REQUIRE(pen.append({pen.next()}));
  SECTION("and goes on where it was") {
    fresh.reset();
    fresh = need(fixture.open_node(disk, "node"));
    CHECK(store_of(*fresh).head(5).value() == pen.head);
  }
  SECTION("and follows what others write") {
    auto found = fresh->tail(1s);
    REQUIRE(found);
    CHECK(found.value().size() == 1);
    CHECK(store_of(*fresh).head(5).value() == pen.head);
  }
}

TEST_CASE("a store of another log is refused") {
  mirrored_fixture one;
  mirrored_fixture other;
  auto disk = std::make_shared<samples::memory_store>();
  need(one.open_node(disk, "node"));
  auto opened = other.open_node(disk, "node");
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::log_diverged);
}

TEST_CASE("a log that lost its end is refused") {
  mirrored_fixture fixture;
  auto disk = std::make_shared<samples::memory_store>();
  {
    auto node = need(fixture.open_node(disk, "node"));
    contract_pen pen{*node, 7};
    REQUIRE(pen.append({pen.next(), pen.next()}));
  }
  fixture.topic().cut(7, 2);
  auto opened = fixture.open_node(disk, "node");
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::log_diverged);
}

TEST_CASE("a node writes nothing once another has begun an epoch") {
  mirrored_fixture fixture;
  auto other =
      need(fixture.open_node(std::make_shared<samples::memory_store>(), "b"));
  contract_pen ours{fixture.log(), 9};
  REQUIRE(ours.append({ours.epoch("node")}));
  contract_pen theirs{*other, 9};
  REQUIRE(theirs.append({theirs.epoch("b")}));
  REQUIRE(fixture.log().tail(1s));
  ours.look();
  CHECK(ours.head == theirs.head);
  auto refused = ours.append({ours.epoch("node")});
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::log_unavailable);
  CHECK(refused.error().detail.find("node b") != std::string::npos);
  CHECK(theirs.append({theirs.next()}));
}

TEST_CASE("a sealed log is owned only where it goes on") {
  mirrored_fixture fixture;
  contract_pen pen{fixture.log(), 2};
  auto& store = store_of(fixture.log());
  CHECK(check_seal(store, 2, "embedded:x"));
  REQUIRE(pen.append({samples::sealed(
      log_sealed(pen.head, 2, "embedded:x", samples::epoch_2026))}));
  CHECK(check_seal(store, 2, "embedded:x"));
  auto elsewhere = check_seal(store, 2, "kafka:c/t");
  REQUIRE(!elsewhere);
  CHECK(elsewhere.error().detail.find("embedded:x") != std::string::npos);
  SECTION("and by anybody there once it went on") {
    pen.look();
    REQUIRE(pen.append({pen.epoch()}));
    CHECK(check_seal(store, 2, "kafka:c/t"));
  }
}

} // namespace varve::log::contract
