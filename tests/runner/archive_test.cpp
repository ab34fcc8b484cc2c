// Files into an archive, out of it and into another sandbox, without a
// sandbox: what is kept, what is refused, what is noticed.
#include <cstring>
#include <filesystem>
#include <fstream>

#include <archive.h>
#include <archive_entry.h>
#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runner/archive/copy_tree.hpp"
#include "runner/archive/directory_store.hpp"
#include "runner/archive/pack.hpp"
#include "runner/archive/sha256.hpp"
#include "runner/archive/unpack.hpp"
#include "runner/kernel/cancellation.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "tests/runner/tree_view.hpp"

using namespace varve;
using namespace varve::runner;

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t first_base = 1'000'000'000;
constexpr std::uint32_t second_base = 1'000'065'536;

work_limit a_minute() {
  work_limit out;
  out.deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  return out;
}

std::string new_directory() {
  auto pattern = (fs::temp_directory_path() / "varve-archive-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

struct place {
  std::string root = new_directory();
  std::string from = root + "/from";
  std::string to = root + "/to";

  place() {
    fs::create_directory(from);
    fs::create_directory(to);
  }
  ~place() {
    CHECK(remove_tree(root));
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream{from + "/" + name, std::ios::binary} << text;
  }
  void own(const std::string& name, uid_t uid, gid_t gid) const {
    auto path = from + "/" + name;
    REQUIRE(::lchown(path.c_str(), first_base + uid, first_base + gid) == 0);
  }
  void attribute(const std::string& name, const char* key,
                 const std::string& value) const {
    auto path = from + "/" + name;
    REQUIRE(::lsetxattr(path.c_str(), key, value.data(), value.size(), 0) == 0);
  }
};

// Everything a sandbox may leave in its layer.
void fill(const place& p) {
  fs::create_directories(p.from + "/data/user/deep");
  fs::create_directory(p.from + "/empty");
  p.write("data/user/text", "hello");
  p.write("data/user/nothing", "");
  p.write("data/user/deep/\xff\xfe new\nline \xe2\x82\xac", "odd");
  p.write("tool", "#!/bin/sh\n");
  ::chmod((p.from + "/tool").c_str(), 04755);
  fs::create_symlink("../text", p.from + "/data/user/deep/link");
  fs::create_hard_link(p.from + "/tool", p.from + "/data/user/same-tool");
  REQUIRE(::mknod((p.from + "/gone").c_str(), S_IFCHR, 0) == 0);
  REQUIRE(::mkfifo((p.from + "/pipe").c_str(), 0640) == 0);
  p.attribute("empty", "trusted.overlay.opaque", "y");
  p.attribute("data/user/text", "user.note", std::string("a\0b", 3));
  for (auto* name : {".", "data", "data/user", "data/user/text", "tool"})
    p.own(name, 0, 0);
  p.own("data/user/deep", 1000, 1001);
  p.own("data/user/deep/link", 1000, 1001);
  ::chmod((p.from + "/tool").c_str(), 04755);
  std::ofstream sparse{p.from + "/sparse", std::ios::binary};
  sparse << "begin";
  sparse.seekp(40 << 20);
  sparse << "end";
  sparse.close();
  ::truncate((p.from + "/sparse").c_str(), 64 << 20);
  ::truncate((p.from + "/data/user/nothing").c_str(), 0);
  std::ofstream{p.from + "/hole"}.close();
  ::truncate((p.from + "/hole").c_str(), 8 << 20);
}

std::string packed(const std::string& root) {
  std::string out;
  auto done = pack_tree(
      root, first_base,
      [&](std::span<const std::byte> bytes) {
        out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return result<void>{ok()};
      },
      a_minute());
  INFO((done ? "" : done.error().detail));
  REQUIRE(done);
  return out;
}

result<void> unpacked(const std::string& stream, const std::string& root,
                      const work_limit& limit = a_minute()) {
  std::size_t at = 0;
  return unpack_tree(
      root, second_base,
      [&](std::span<std::byte> into) -> result<std::size_t> {
        auto n = std::min(into.size(), stream.size() - at);
        std::memcpy(into.data(), stream.data() + at, n);
        at += n;
        return n;
      },
      limit);
}

std::size_t blocks_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return static_cast<std::size_t>(status.st_blocks);
}

// A stream with one regular file of this name.
std::string stream_with(const char* name, const char* link_first = nullptr) {
  std::string out(1 << 20, '\0');
  std::size_t used = 0;
  auto* a = ::archive_write_new();
  ::archive_write_set_format_pax(a);
  ::archive_write_add_filter_zstd(a);
  REQUIRE(::archive_write_open_memory(a, out.data(), out.size(), &used)
          == ARCHIVE_OK);
  auto add = [&](const char* path, unsigned type, const char* target) {
    auto* e = ::archive_entry_new();
    ::archive_entry_set_pathname(e, path);
    ::archive_entry_set_mode(e, type | 0644);
    if (target != nullptr)
      ::archive_entry_set_symlink(e, target);
    REQUIRE(::archive_write_header(a, e) == ARCHIVE_OK);
    ::archive_entry_free(e);
  };
  if (link_first != nullptr)
    add("./way", AE_IFLNK, link_first);
  add(name, AE_IFREG, nullptr);
  ::archive_write_close(a);
  ::archive_write_free(a);
  out.resize(used);
  return out;
}

} // namespace

TEST_CASE("what is packed comes back as it was, with the new owner's ids") {
  place p;
  fill(p);
  auto stream = packed(p.from);
  CHECK(stream.size() < 64 * 1024); // holes take no room
  auto done = unpacked(stream, p.to);
  INFO((done ? "" : done.error().detail));
  REQUIRE(done);
  CHECK(tree_view(p.to, second_base) == tree_view(p.from, first_base));
  CHECK(blocks_of(p.to + "/sparse") <= blocks_of(p.from + "/sparse"));
  CHECK(blocks_of(p.to + "/hole") == 0);
}

TEST_CASE("a copy is what the original is, with the new owner's ids") {
  place p;
  fill(p);
  auto done = copy_tree(p.from, first_base, p.to, second_base, a_minute());
  INFO((done ? "" : done.error().detail));
  REQUIRE(done);
  CHECK(tree_view(p.to, second_base) == tree_view(p.from, first_base));
  CHECK(blocks_of(p.to + "/sparse") <= blocks_of(p.from + "/sparse"));
  CHECK(blocks_of(p.to + "/hole") == 0);
}

TEST_CASE("ids in capabilities and access lists follow their sandbox") {
  place p;
  p.write("tool", "x");
  p.own("tool", 0, 0);
  std::string caps(24, '\0');
  caps[3] = 0x03; // revision 3
  caps[5] = 0x04;
  std::uint32_t root = first_base;
  std::memcpy(caps.data() + 20, &root, 4);
  p.attribute("tool", "security.capability", caps);
  REQUIRE(unpacked(packed(p.from), p.to));
  char back[64];
  auto path = p.to + "/tool";
  REQUIRE(::lgetxattr(path.c_str(), "security.capability", back, sizeof back)
          == 24);
  std::memcpy(&root, back + 20, 4);
  CHECK(root == second_base);
}

TEST_CASE("a socket is left out") {
  place p;
  auto fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un name {};
  name.sun_family = AF_UNIX;
  std::strcpy(name.sun_path, (p.from + "/s").c_str());
  REQUIRE(::bind(fd, reinterpret_cast<struct sockaddr*>(&name), sizeof name)
          == 0);
  ::close(fd);
  REQUIRE(unpacked(packed(p.from), p.to));
  CHECK(fs::is_empty(p.to));
}

TEST_CASE("no stream makes anything outside its directory") {
  for (auto* name :
       {"../out", "/out", "./../out", "./a/../../out", "out", "./way/out"}) {
    INFO(name);
    place p;
    auto done = unpacked(stream_with(name, p.root.c_str()), p.to);
    CHECK_FALSE(done);
    CHECK_FALSE(fs::exists(p.root + "/out"));
  }
}

TEST_CASE("a stream that ends early or says something else is refused") {
  place p;
  fill(p);
  auto stream = packed(p.from);
  CHECK_FALSE(unpacked(stream.substr(0, stream.size() / 2), p.to));
  place other;
  CHECK_FALSE(unpacked("this is no archive at all", other.to));
}

TEST_CASE("work that is not wanted any more ends") {
  place p;
  fill(p);
  cancellation wish;
  wish.request();
  auto limit = a_minute();
  limit.cancels[0] = wish.descriptor();
  auto copied = copy_tree(p.from, first_base, p.to, second_base, limit);
  REQUIRE_FALSE(copied);
  CHECK(copied.error().code == errc::shutting_down);
  auto late = a_minute();
  late.deadline = {};
  auto read = unpacked(packed(p.from), p.to, late);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == errc::timed_out);
}

TEST_CASE("an archive is there once it is committed, and not before") {
  place p;
  directory_store store{p.root + "/archives"};
  CHECK_FALSE(store.find("sb-1").value());
  auto bytes = std::as_bytes(std::span{"abc", 3});
  sha256 sum;
  sum.add(bytes);
  archive_record record{"sb-1", "image:1", 7, 3, sum.take()};
  {
    auto dropped = store.write("sb-1");
    REQUIRE(dropped);
    REQUIRE(dropped.value()->write(bytes));
    CHECK(store.list().value() == std::vector<std::string>{"sb-1"});
  }
  CHECK_FALSE(store.find("sb-1").value());
  CHECK(store.list().value().empty());
  auto kept = store.write("sb-1");
  REQUIRE(kept.value()->write(bytes));
  REQUIRE(kept.value()->commit(record));
  auto found = store.find("sb-1").value();
  REQUIRE(found);
  CHECK(found->hash == record.hash);
  CHECK(found->image_ref == "image:1");
  CHECK(found->version == 7);
  std::ofstream{p.root + "/archives/sb-1.json"} << "{}";
  CHECK(store.find("sb-1").error().code == errc::malformed);
  REQUIRE(store.remove("sb-1"));
  CHECK(store.list().value().empty());
}
