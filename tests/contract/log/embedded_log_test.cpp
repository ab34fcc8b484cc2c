#include <catch2/catch.hpp>

#include "events/embedded_log.hpp"
#include "tests/contract/log/log_contract.hpp"
#include "tests/events/scratch_directory.hpp"

namespace varve::log::contract {

namespace {

class embedded_fixture final : public log_fixture {
 public:
  embedded_fixture() {
    auto opened = embedded_fixture::reopen();
    INFO((opened ? std::string{} : opened.error().detail));
    REQUIRE(opened);
  }
  event_log& log() override {
    return *log_;
  }
  result<void> reopen() override {
    log_.reset();
    store_.reset();
    store_options options;
    options.path = path_;
    VARVE_TRY(store_, local_store::open(std::move(options)));
    VARVE_TRY(log_, embedded_log::open(*store_, system_clock{}));
    return ok();
  }
  bool has_rivals() const override {
    return false;
  }
  result<std::unique_ptr<event_log>> open_rival() override {
    store_options options;
    options.path = path_;
    VARVE_CHECK(local_store::open(std::move(options)));
    return failure(errc::unsupported, "the store opened twice");
  }
  bool takes_foreign_bytes() const override {
    return false;
  }
  result<void> write_foreign(std::uint16_t,
                             std::vector<std::byte> bytes) override {
    // The only way in is a record.
    VARVE_TRY(auto parsed, record::parse(std::move(bytes)));
    std::vector<record_ptr> batch{std::move(parsed)};
    return store_->put(batch, true);
  }

 private:
  samples::scratch_directory scratch_;
  std::string path_ = scratch_.path() + "/store";
  std::unique_ptr<local_store> store_;
  std::unique_ptr<embedded_log> log_;
};

} // namespace

TEST_CASE("the embedded log keeps the contract") {
  for (const auto& each : log_contract()) {
    INFO(each.name);
    embedded_fixture fixture;
    findings found;
    each.run(fixture, found);
    for (const auto& broken : found.broken())
      FAIL_CHECK(broken);
  }
}

} // namespace varve::log::contract
