#include <catch2/catch.hpp>

#include "tests/events/sample_records.hpp"

namespace varve::log {

using namespace samples;

TEST_CASE("a sealed record reads back as it was written") {
  auto content = bare_record({}, 7);
  content.organization_id = "org";
  content.command_id = "cmd";
  content.entries.push_back(label_entry("sandbox", 1, "blue"));
  auto sealed_record = record::seal(content);
  REQUIRE(sealed_record);
  auto parsed = record::parse(copy_frame(*sealed_record.value()));
  REQUIRE(parsed);
  schema::RecordT back;
  parsed.value()->view().UnPackTo(&back);
  CHECK(back.organization_id == "org");
  CHECK(back.entries[0]->event.AsSandboxLabelsReplaced()->labels[0]->value
        == "blue");
  CHECK(record::seal(back).value()->hash() == sealed_record.value()->hash());
  CHECK(parsed.value()->at() == position{7, 0});
  CHECK(parsed.value()->hash() == sealed_record.value()->hash());
}

TEST_CASE("every flipped byte of a record is noticed as corruption") {
  auto good = label_record({}, 3, "sandbox", 1);
  REQUIRE(good);
  for (std::size_t i = 0; i < good->frame().size(); ++i) {
    auto frame = copy_frame(*good);
    frame[i] ^= std::byte{0x10};
    auto parsed = record::parse(std::move(frame));
    REQUIRE(!parsed);
    REQUIRE(parsed.error().code == errc::log_corrupt);
  }
}

TEST_CASE("every cut of a record is noticed as corruption") {
  auto good = label_record({}, 3, "sandbox", 1);
  for (std::size_t size = 0; size < good->frame().size(); ++size) {
    auto frame = copy_frame(*good);
    frame.resize(size);
    auto parsed = record::parse(std::move(frame));
    REQUIRE(!parsed);
    REQUIRE(parsed.error().code == errc::log_corrupt);
  }
}

TEST_CASE("bytes that bear their own hash and are no record are malformed") {
  std::vector<std::byte> content(100, std::byte{0x5a});
  auto hash = sha256(content);
  std::vector<std::byte> frame(hash.size() + content.size());
  std::copy(hash.begin(), hash.end(),
            reinterpret_cast<std::uint8_t*>(frame.data()));
  std::copy(content.begin(), content.end(), frame.begin() + hash.size());
  auto parsed = record::parse(std::move(frame));
  REQUIRE(!parsed);
  CHECK(parsed.error().code == errc::malformed);
}

TEST_CASE("a record over the size limit is refused on both ways") {
  auto content = bare_record({}, 0);
  content.entries.push_back(
      label_entry("sandbox", 1, std::string(max_record_bytes, 'x')));
  auto refused = record::seal(content);
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::too_large);
  auto parsed = record::parse(std::vector<std::byte>(max_record_bytes + 1));
  REQUIRE(!parsed);
  CHECK(parsed.error().code == errc::too_large);
}

TEST_CASE("what could not be read back is not sealed") {
  SECTION("no entry") {
    CHECK(record::seal(bare_record({}, 0)).error().code == errc::malformed);
  }
  SECTION("no predecessor") {
    auto content = bare_record({}, 0);
    content.entries.push_back(label_entry("sandbox", 1));
    content.prev.reset();
    CHECK(record::seal(content).error().code == errc::malformed);
  }
  SECTION("an entry without an event") {
    auto content = bare_record({}, 0);
    content.entries.push_back(label_entry("sandbox", 1));
    content.entries.back()->event.Reset();
    CHECK(record::seal(content).error().code == errc::malformed);
  }
  SECTION("an id that is no UUID") {
    auto content = bare_record({}, 0);
    content.entries.push_back(label_entry("sandbox", 1));
    content.id.pop_back();
    CHECK(record::seal(content).error().code == errc::malformed);
  }
  SECTION("a partition that does not exist") {
    auto content = bare_record({}, partition_count);
    content.entries.push_back(label_entry("sandbox", 1));
    CHECK(record::seal(content).error().code == errc::malformed);
  }
}

TEST_CASE("ids go to the partition that LogCreated's partitioner names") {
  // First eight bytes of SHA-256, big endian, modulo 64: so the last six bits
  // of the eighth byte.
  CHECK(partition_of("") == (0x14 & 63));    // e3b0c44298fc1c14...
  CHECK(partition_of("abc") == (0xea & 63)); // ba7816bf8f01cfea...
}

} // namespace varve::log
