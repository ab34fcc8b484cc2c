#include "events/vault.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <sys/stat.h>

using namespace varve;

namespace {

// A database in memory and a directory for the key file.
class vault_fixture {
 public:
  vault_fixture() : env{rocksdb::NewMemEnv(rocksdb::Env::Default())} {
    char name[] = "/tmp/varve-vault-XXXXXX";
    directory = ::mkdtemp(name);
    key_path = directory / "master.key";
    open_database();
  }

  ~vault_fixture() {
    subject.reset();
    close_database();
    std::filesystem::remove_all(directory);
  }

  void open_database() {
    rocksdb::Options options;
    options.env = env.get();
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    std::vector<rocksdb::ColumnFamilyDescriptor> families{
        {rocksdb::kDefaultColumnFamilyName, {}}, {"keys", {}}};
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    auto status =
        rocksdb::DB::Open(options, "/vault", families, &handles, &raw);
    REQUIRE(status.ok());
    db.reset(raw);
    unused.reset(handles[0]);
    keys.reset(handles[1]);
  }

  void close_database() {
    keys.reset();
    unused.reset();
    db.reset();
  }

  result<std::unique_ptr<vault>> try_open() {
    return vault::open(*db, *keys, key_path);
  }

  vault& opened() {
    if (!subject) {
      auto made = try_open();
      REQUIRE(made);
      subject = std::move(made).value();
    }
    return *subject;
  }

  void reopen() {
    subject.reset();
    close_database();
    open_database();
  }

  std::unique_ptr<rocksdb::Env> env;
  std::filesystem::path directory;
  std::string key_path;
  std::unique_ptr<rocksdb::DB> db;
  std::unique_ptr<rocksdb::ColumnFamilyHandle> unused, keys;
  std::unique_ptr<vault> subject;
};

std::vector<std::uint8_t> sealed(vault& v, std::string_view scope,
                                 std::string_view text) {
  auto out = v.seal(scope, text);
  REQUIRE(out);
  return out.value();
}

errc refusal(const result<std::unique_ptr<vault>>& opened) {
  REQUIRE_FALSE(opened);
  return opened.error().code;
}

} // namespace

TEST_CASE_METHOD(vault_fixture, "what is sealed opens under its own scope") {
  auto& v = opened();
  for (auto text : {std::string{}, std::string{"x"}, std::string(70'000, 'z'),
                    std::string("\0\xff", 2)}) {
    auto bytes = sealed(v, "sandbox-1", text);
    auto back = v.open_sealed("sandbox-1", bytes);
    REQUIRE(back);
    CHECK(back.value() == text);
  }
}

TEST_CASE_METHOD(vault_fixture, "the same text never seals to the same bytes") {
  auto& v = opened();
  CHECK(sealed(v, "s", "same") != sealed(v, "s", "same"));
}

TEST_CASE_METHOD(vault_fixture, "another scope does not open it") {
  auto& v = opened();
  auto bytes = sealed(v, "mine", "secret");
  sealed(v, "yours", "other");
  for (auto scope : {"yours", "nobody", ""}) {
    auto back = v.open_sealed(scope, bytes);
    REQUIRE_FALSE(back);
    CHECK(back.error().code == errc::undecipherable);
  }
}

TEST_CASE_METHOD(vault_fixture, "an altered, cut or longer text is refused") {
  auto& v = opened();
  auto good = sealed(v, "s", "a secret of some length");
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x10;
    auto back = v.open_sealed("s", bad);
    REQUIRE_FALSE(back);
    CHECK(back.error().code == errc::undecipherable);
  }
  auto cut = good;
  cut.pop_back();
  CHECK_FALSE(v.open_sealed("s", cut));
  auto longer = good;
  longer.push_back(0);
  CHECK_FALSE(v.open_sealed("s", longer));
  CHECK_FALSE(v.open_sealed("s", {}));
}

TEST_CASE_METHOD(vault_fixture, "a restart opens what was sealed before") {
  auto bytes = sealed(opened(), "s", "kept");
  auto token = opened().derive("s.1");
  reopen();
  auto back = opened().open_sealed("s", bytes);
  REQUIRE(back);
  CHECK(back.value() == "kept");
  CHECK(opened().derive("s.1") == token);
}

TEST_CASE_METHOD(vault_fixture, "an erased key opens nothing, for ever") {
  auto bytes = sealed(opened(), "gone", "secret");
  auto other = sealed(opened(), "stays", "other");
  REQUIRE(opened().erase("gone"));
  CHECK(opened().open_sealed("gone", bytes).error().code
        == errc::undecipherable);
  REQUIRE(opened().open_sealed("stays", other));
  sealed(opened(), "gone", "a new key for the same scope");
  CHECK_FALSE(opened().open_sealed("gone", bytes));
  reopen();
  CHECK_FALSE(opened().open_sealed("gone", bytes));
  CHECK(opened().open_sealed("stays", other).value() == "other");
  CHECK(opened().erase("never was"));
}

TEST_CASE_METHOD(vault_fixture, "an erased key is not left in table files") {
  opened(); // its check row
  std::string row = "dgone-from-the-files";
  sealed(opened(), "gone-from-the-files", "secret");
  std::string wrapped;
  REQUIRE(db->Get({}, keys.get(), row, &wrapped).ok());
  REQUIRE(db->Flush({}, keys.get()).ok());
  REQUIRE(opened().erase("gone-from-the-files"));
  std::vector<std::string> names;
  REQUIRE(env->GetChildren("/vault", &names).ok());
  for (const auto& name : names) {
    if (name.find(".sst") == std::string::npos)
      continue;
    std::string all;
    REQUIRE(rocksdb::ReadFileToString(env.get(), "/vault/" + name, &all).ok());
    CHECK(all.find(wrapped) == std::string::npos);
  }
}

TEST_CASE_METHOD(vault_fixture, "keys lie in the database wrapped only") {
  auto bytes = sealed(opened(), "s", "plain text that must not be seen");
  std::string master;
  {
    std::ifstream in{key_path, std::ios::binary};
    master.assign(std::istreambuf_iterator<char>{in}, {});
  }
  CHECK(master.size() == 32);
  std::unique_ptr<rocksdb::Iterator> it{db->NewIterator({}, keys.get())};
  std::size_t rows = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++rows) {
    CHECK(it->value().ToString().find(master) == std::string::npos);
    CHECK(it->value().ToString().find("plain text") == std::string::npos);
  }
  CHECK(rows == 2);
}

TEST_CASE_METHOD(vault_fixture, "the master key file is made once, for us") {
  opened();
  struct stat info {};
  REQUIRE(::stat(key_path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(info.st_size == 32);
  auto token = opened().derive("x");
  reopen();
  CHECK(opened().derive("x") == token);
  CHECK_FALSE(std::filesystem::exists(key_path + ".new"));
}

TEST_CASE_METHOD(vault_fixture, "an unfinished key file is no obstacle") {
  std::ofstream{key_path + ".new"} << "half";
  CHECK(try_open());
}

TEST_CASE_METHOD(vault_fixture, "a key file that others can read is refused") {
  opened();
  subject.reset();
  for (mode_t mode : {0640u, 0604u, 0660u, 0644u}) {
    REQUIRE(::chmod(key_path.c_str(), mode) == 0);
    auto refused = try_open();
    CHECK(refusal(refused) == errc::io);
    CHECK(refused.error().detail.find(key_path) != std::string::npos);
  }
  REQUIRE(::chmod(key_path.c_str(), 0600) == 0);
  CHECK(try_open());
}

TEST_CASE_METHOD(vault_fixture, "a key file of another size is refused") {
  for (std::size_t size : {0u, 31u, 33u, 64u}) {
    std::ofstream{key_path, std::ios::binary} << std::string(size, 'k');
    REQUIRE(::chmod(key_path.c_str(), 0600) == 0);
    CHECK(refusal(try_open()) == errc::io);
  }
}

TEST_CASE_METHOD(vault_fixture, "a key file that is a link is refused") {
  std::ofstream{directory / "real", std::ios::binary} << std::string(32, 'k');
  REQUIRE(::chmod((directory / "real").c_str(), 0600) == 0);
  std::filesystem::create_symlink(directory / "real", key_path);
  CHECK(refusal(try_open()) == errc::io);
}

TEST_CASE_METHOD(vault_fixture, "a lost or other master key is found out") {
  opened();
  subject.reset();
  std::filesystem::remove(key_path);
  CHECK(refusal(try_open()) == errc::io);
  CHECK_FALSE(std::filesystem::exists(key_path));
  std::ofstream{key_path, std::ios::binary} << std::string(32, 'k');
  REQUIRE(::chmod(key_path.c_str(), 0600) == 0);
  CHECK(refusal(try_open()) == errc::io);
}

TEST_CASE_METHOD(vault_fixture, "derived tokens are HMAC-SHA-256 in hex") {
  // RFC 4231 wants other key lengths; this vector was made with openssl(1):
  // key of 32 'k', text "what do ya want for nothing?".
  std::ofstream{key_path, std::ios::binary} << std::string(32, 'k');
  REQUIRE(::chmod(key_path.c_str(), 0600) == 0);
  CHECK(opened().derive("what do ya want for nothing?")
        == "4f63351605b85f42e803b30e42c1905fed065a563ff4295a47982e43f228e097");
  CHECK(opened().derive("a") != opened().derive("b"));
}

TEST_CASE_METHOD(vault_fixture, "threads share scopes without mixing them up") {
  auto& v = opened();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&v, &wrong, t] {
      for (int i = 0; i < 400; ++i) {
        auto scope = "scope-" + std::to_string(i % 40);
        auto text = std::to_string(t) + ":" + std::to_string(i);
        auto bytes = v.seal(scope, text);
        auto back = bytes ? v.open_sealed(scope, bytes.value())
                          : result<std::string>{bytes.error()};
        if (!back || back.value() != text)
          ++wrong;
      }
    });
  // Erasing in between must never revive a key that is gone.
  for (int i = 0; i < 20; ++i) {
    auto unrelated = "unrelated-" + std::to_string(i);
    if (!v.seal(unrelated, "x") || !v.erase(unrelated))
      ++wrong;
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(wrong == 0);
}

TEST_CASE_METHOD(vault_fixture, "more scopes than are kept in memory open") {
  auto& v = opened();
  std::vector<std::vector<std::uint8_t>> all;
  for (int i = 0; i < 6'000; ++i)
    all.push_back(sealed(v, std::to_string(i), "v" + std::to_string(i)));
  for (int i = 0; i < 6'000; i += 7) {
    auto back =
        v.open_sealed(std::to_string(i), all[static_cast<std::size_t>(i)]);
    REQUIRE(back);
    CHECK(back.value() == "v" + std::to_string(i));
  }
}

TEST_CASE("an environment survives its JSON form") {
  std::map<std::string, std::string> env{{"PATH", "/bin:/usr/bin"},
                                         {"EMPTY", ""},
                                         {"QUOTE", "\"\\\n\t\x01"},
                                         {"UNICODE", "gr\xc3\xbc\xc3\x9f"}};
  auto back = env_from_json(env_to_json(env));
  REQUIRE(back);
  CHECK(back.value() == env);
  CHECK(env_from_json("{}").value().empty());
}

TEST_CASE("an environment of another shape is malformed and not quoted") {
  for (auto text : {"", "[]", "7", "{\"A\":1}", "{\"A\":null}", "{\"s3cret\"",
                    "{\"A\":\"s3cret\"} x"}) {
    auto back = env_from_json(text);
    REQUIRE_FALSE(back);
    CHECK(back.error().code == errc::malformed);
    CHECK(back.error().detail.find("s3cret") == std::string::npos);
  }
}
