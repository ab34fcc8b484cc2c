// What is stored, and what is not any more.
#include <fstream>

#include "tests/objects/object_world.hpp"

using namespace varve;
using namespace varve::gateway;
using namespace varve::test;

namespace {

constexpr timestamp hour = 3600'000;

struct upload_world : object_world {
  object_key to = key("h1", "context.tar");
  std::string id;

  std::string begin() {
    auto begun = store->begin_upload(to);
    REQUIRE(begun);
    id = begun.value();
    return id;
  }

  named_part part(std::uint32_t number, std::string_view text) {
    auto from = bytes(text);
    REQUIRE(from);
    auto etag = store->put_part(std::move(from.value()), to, id, number);
    REQUIRE(etag);
    return {number, etag.value(), {}, {}};
  }
};

} // namespace

TEST_CASE_METHOD(object_world, "an object is there once it is whole") {
  CHECK(content(key("h1")) == "NoSuchKey");
  {
    auto from = bytes("half");
    REQUIRE(from);
    CHECK(store->used("org") == 4);
    CHECK(content(key("h1")) == "NoSuchKey");
  }
  CHECK(store->used("org") == 0);
  auto first = put(key("h1"), "whole");
  REQUIRE(first);
  CHECK(first.value().size == 5);
  CHECK(content(key("h1")) == "whole");
  auto second = put(key("h1"), "other");
  REQUIRE(second);
  CHECK(second.value().etag != first.value().etag);
  CHECK(content(key("h1")) == "other");
  CHECK(store->used("org") == 5);
  CHECK(code_of(put(key("h1"), "third", true)) == "PreconditionFailed");
  CHECK(content(key("h1")) == "other");
  reopen();
  CHECK(content(key("h1")) == "other");
  CHECK(store->get(key("h1")).value().info.etag == second.value().etag);
  CHECK(store->used("org") == 5);
}

TEST_CASE_METHOD(object_world, "what a crash left half done goes") {
  std::ofstream{scratch.path() + "/objects/.incoming/left"} << "half";
  REQUIRE(put(key("h1"), "whole"));
  reopen();
  CHECK(!std::ifstream{scratch.path() + "/objects/.incoming/left"});
  CHECK(content(key("h1")) == "whole");
}

TEST_CASE_METHOD(object_world, "there is an end to what is taken") {
  CHECK(code_of(bytes(std::string(1001, 'x'))) == "EntityTooLarge");
  for (const auto* hash : {"a", "b", "c"})
    REQUIRE(put(key(hash), std::string(1000, 'x')));
  CHECK(code_of(bytes("x")) == "QuotaExceeded");
  // Another organization has its own room.
  CHECK(put(key("a", "f", "other"), "x"));
  bounds.free_bytes = UINT64_MAX / 2;
  reopen();
  CHECK(code_of(bytes("x", "third")) == "InsufficientStorage");
}

TEST_CASE_METHOD(object_world, "a list is a page of what begins so") {
  for (const auto* hash : {"aa", "ab", "b"})
    for (const auto* name : {"1", "2"})
      REQUIRE(put(key(hash, name), "x"));
  REQUIRE(put(key("aa", "1", "other"), "x"));
  auto names = [&](std::string_view prefix, std::string_view after,
                   std::size_t most) {
    auto page = store->list("org", prefix, after, most);
    REQUIRE(page);
    std::string out;
    for (const auto& item : page.value().items)
      out += item.key.text() + " ";
    return out + (page.value().has_more ? "..." : "");
  };
  CHECK(names("org", "", 9)
        == "org/aa/1 org/aa/2 org/ab/1 org/ab/2 org/b/1 org/b/2 ");
  CHECK(names("org/a", "", 3) == "org/aa/1 org/aa/2 org/ab/1 ...");
  CHECK(names("org/a", "org/ab/1", 3) == "org/ab/2 ");
  CHECK(names("org/ab/", "", 9) == "org/ab/1 org/ab/2 ");
  CHECK(names("org/ab/2", "", 9) == "org/ab/2 ");
  CHECK(names("org/c", "", 9) == "");
}

TEST_CASE_METHOD(object_world, "what was not used for a week goes") {
  for (const auto* hash : {"asked", "listed", "built", "left"})
    REQUIRE(put(key(hash, "context.tar"), "x"));
  time.time += 100 * hour;
  CHECK(content(key("asked", "context.tar")) == "x");
  CHECK(store->list("org", "org/listed/", "", 1).value().items.size() == 1);
  CHECK(store->context("org", "built").value());
  // Who lists everything uses nothing.
  CHECK(store->list("org", "org", "", 9).value().items.size() == 4);
  time.time += 68 * hour;
  store->clean();
  CHECK(store->list("org", "org", "", 9).value().items.size() == 3);
  CHECK(store->used("org") == 3);
  auto path = store->context("org", "built").value();
  REQUIRE(path);
  CHECK(std::ifstream{*path}.get() == 'x');
  CHECK_FALSE(store->context("org", "left").value());
  CHECK_FALSE(store->context("other", "built").value());
  CHECK(store->context("..", "built").error().code == errc::invalid);
}

TEST_CASE_METHOD(upload_world, "parts come in any order and again") {
  begin();
  auto three = part(3, "end");
  part(1, "wrong wrong ");
  auto two = part(2, "in the middle ");
  auto one = part(1, "the beginning ");
  auto done = store->complete(to, id, {one, two, three}, false);
  REQUIRE(done);
  CHECK(content(to) == "the beginning in the middle end");
  CHECK(store->used("org") == 31);
  // An answer that was lost is given again.
  auto again = store->complete(to, id, {one, two, three}, false);
  REQUIRE(again);
  CHECK(again.value().etag == done.value().etag);
  CHECK(code_of(store->check_upload(to, id)) == "NoSuchUpload");
}

TEST_CASE_METHOD(upload_world, "an upload ends only with what it was given") {
  begin();
  auto one = part(1, "long enough");
  auto two = part(2, "short");
  auto three = part(3, "last");
  auto complete = [&](std::vector<named_part> parts) {
    return code_of(store->complete(to, id, parts, false));
  };
  CHECK(complete({}) == "MalformedXML");
  CHECK(complete({two, one}) == "InvalidPartOrder");
  CHECK(complete({one, one}) == "InvalidPartOrder");
  CHECK(complete({one, two, three}) == "EntityTooSmall");
  CHECK(complete({one, {2, one.etag, {}, {}}}) == "InvalidPart");
  CHECK(complete({one, {4, two.etag, {}, {}}}) == "InvalidPart");
  one.kind = checksum::crc32;
  one.sum = "abcd";
  CHECK(complete({one, two}) == "InvalidPart");
  running_checksum sum{checksum::crc32};
  sum.update("long enough");
  one.sum = sum.finish();
  CHECK(complete({one, two}) == "none");
  CHECK(content(to) == "long enoughshort");
  // What was not named went with the rest.
  CHECK(store->used("org") == 16);
}

TEST_CASE_METHOD(upload_world, "an upload is its key's alone") {
  begin();
  auto from = bytes("long enough");
  REQUIRE(from);
  CHECK(code_of(store->put_part(std::move(from.value()), key("h2"), id, 1))
        == "NoSuchUpload");
  auto one = part(1, "long enough");
  CHECK(code_of(store->complete(key("h2"), id, {one}, false))
        == "NoSuchUpload");
  CHECK(code_of(store->abort(key("h2"), id)) == "NoSuchUpload");
  CHECK(code_of(store->check_upload(to, "../" + id)) == "NoSuchUpload");
  CHECK(store->abort(to, id));
  CHECK(store->used("org") == 0);
  CHECK(code_of(store->abort(to, id)) == "NoSuchUpload");
}

TEST_CASE_METHOD(upload_world, "uploads are few, and the abandoned go") {
  time.time = system_clock{}.now();
  auto first = begin();
  part(1, "long enough");
  begin();
  CHECK(code_of(store->begin_upload(to)) == "SlowDown");
  reopen();
  CHECK(code_of(store->begin_upload(to)) == "SlowDown");
  CHECK(store->used("org") >= 11);
  time.time = system_clock{}.now() + 23 * hour;
  store->clean();
  CHECK(store->check_upload(to, first));
  time.time = system_clock{}.now() + 25 * hour;
  store->clean();
  CHECK(code_of(store->check_upload(to, first)) == "NoSuchUpload");
  CHECK(store->begin_upload(to));
}
