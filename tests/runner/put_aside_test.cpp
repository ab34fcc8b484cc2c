// Sandboxes that are archived, restored and forked, with real containers.
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/runner/host_state.hpp"
#include "tests/runner/stand.hpp"
#include "tests/runner/tree_view.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

namespace {

namespace fs = std::filesystem;

void check_done(const schema::OutcomeT& outcome, present now) {
  INFO(outcome.error);
  CHECK(outcome.result == verdict::Done);
  CHECK(outcome.present == now);
}

// What a sandbox may do to its files and to those of its image.
const std::string work =
    "mkdir -p /data/deep && echo kept > /data/deep/file && ln -s deep/file "
    "/data/link && ln /data/deep/file /data/twin && chown 1000:1000 "
    "/data/deep && chmod 4755 /data/twin && rm -rf /etc/group && mkdir -p "
    "/opt/x && rm -rf /opt && mkdir /opt && echo new > /opt/new && sync";
const std::string look =
    "ls -lan /data /data/deep /opt /etc | grep -v '^total' | grep -v resolv; "
    "cat /data/link /data/twin /opt/new; ls /etc/group 2>&1";

std::string archived(stand& s) {
  auto id = s.create();
  REQUIRE(execute(s.runner(), id, work).exit_code == 0);
  check_done(s.run(kind::Stop, id), present::Stopped);
  return id;
}

std::string archive_file(const stand& s, const std::string& id) {
  return s.settings.data_dir + "/archives/" + id + ".tar.zst";
}

schema::OperationT fork_of(stand& s, const std::string& source,
                           const std::string& id) {
  auto out = s.operation(kind::Create, id);
  out.spec->fork_of = source;
  return out;
}

} // namespace

TEST_CASE("an archived sandbox has no files but its archive, and comes back") {
  stand s;
  s.settings.disk_limit = GENERATE(as<std::string>{}, "image", "none");
  s.open();
  s.run(kind::Destroy, s.create());
  auto before = host_state(s.settings);
  auto id = s.create();
  REQUIRE(execute(s.runner(), id, work).exit_code == 0);
  auto seen = execute(s.runner(), id, look).output;
  check_done(s.run(kind::Stop, id), present::Stopped);
  auto put_aside = s.run(kind::Archive, id);
  check_done(put_aside, present::Archived);
  REQUIRE(put_aside.archive);
  CHECK(put_aside.archive->size_bytes == fs::file_size(archive_file(s, id)));
  CHECK_FALSE(fs::exists(s.settings.data_dir + "/sandboxes/" + id));
  // Repeated, it says the same.
  check_done(s.run(kind::Archive, id), present::Archived);
  // The next server knows.
  s.close();
  s.open();
  auto back = s.operation(kind::Restore, id);
  back.archive = std::make_unique<schema::ArchiveT>(*put_aside.archive);
  check_done(s.run(std::move(back)), present::Running);
  CHECK(execute(s.runner(), id, look).output == seen);
  CHECK_FALSE(fs::exists(archive_file(s, id)));
  check_done(s.run(kind::Destroy, id), present::Absent);
  CHECK(changes(before, host_state(s.settings)) == "");
}

TEST_CASE("an archived sandbox is destroyed with its archive") {
  stand s;
  s.open();
  auto id = archived(s);
  check_done(s.run(kind::Archive, id), present::Archived);
  check_done(s.run(kind::Destroy, id), present::Absent);
  CHECK(fs::is_empty(s.settings.data_dir + "/archives"));
}

TEST_CASE("a damaged archive is not restored, and nothing is lost by trying") {
  stand s;
  s.open();
  auto id = archived(s);
  check_done(s.run(kind::Archive, id), present::Archived);
  auto path = archive_file(s, id);
  fs::copy_file(path, path + ".kept");
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(static_cast<std::streamoff>(fs::file_size(path) / 2));
  file.put('\x55').put('\xaa').put('\x55');
  file.close();
  auto failed = s.run(kind::Restore, id);
  CHECK(failed.result == verdict::Failed);
  CHECK(failed.present == present::Archived);
  CHECK(failed.recoverable);
  CHECK(failed.error.find("damaged") != std::string::npos);
  CHECK_FALSE(fs::exists(s.settings.data_dir + "/sandboxes/" + id));
  fs::rename(path + ".kept", path);
  auto another = s.operation(kind::Restore, id);
  another.archive = std::make_unique<schema::ArchiveT>();
  another.archive->hash = std::make_unique<schema::Digest>();
  CHECK(s.run(std::move(another)).error.find("another one")
        != std::string::npos);
  check_done(s.run(kind::Restore, id), present::Running);
}

TEST_CASE("a running sandbox is not archived") {
  stand s;
  s.open();
  auto id = s.create();
  auto refused = s.run(kind::Archive, id);
  CHECK(refused.result == verdict::Failed);
  CHECK(refused.present == present::Running);
  CHECK(execute(s.runner(), id, "true").exit_code == 0);
}

TEST_CASE("the archive of a sandbox that the journal does not know is kept") {
  stand s;
  s.open();
  auto id = archived(s);
  check_done(s.run(kind::Archive, id), present::Archived);
  s.close();
  fs::remove_all(s.settings.data_dir + "/journal");
  s.open();
  check_done(s.run(kind::Restore, id), present::Running);
  CHECK(execute(s.runner(), id, "cat /data/link").output == "kept\n");
}

TEST_CASE("a fork has the files its source had, and goes its own way") {
  stand s;
  s.settings.disk_limit = GENERATE(as<std::string>{}, "image", "none");
  s.open();
  auto source = s.create();
  REQUIRE(execute(s.runner(), source, work).exit_code == 0);
  auto seen = execute(s.runner(), source, look).output;
  // It runs on meanwhile.
  auto child = new_id();
  check_done(s.run(fork_of(s, source, child)), present::Running);
  CHECK(execute(s.runner(), child, look).output == seen);
  CHECK(execute(s.runner(), source, "echo mine > /data/twin").exit_code == 0);
  CHECK(execute(s.runner(), child, "cat /data/twin").output == "kept\n");
  CHECK(execute(s.runner(), child, "hostname").output
        != execute(s.runner(), source, "hostname").output);
  // From one that is stopped, and a fork of a fork.
  check_done(s.run(kind::Stop, source), present::Stopped);
  auto second = new_id(), third = new_id();
  check_done(s.run(fork_of(s, source, second)), present::Running);
  CHECK(execute(s.runner(), second, "cat /data/twin").output == "mine\n");
  check_done(s.run(kind::Pause, child), present::Paused);
  check_done(s.run(fork_of(s, child, third)), present::Running);
  CHECK(execute(s.runner(), third, look).output == seen);
  check_done(s.run(kind::Resume, child), present::Running);
}

TEST_CASE("a fork of what is not there fails and leaves nothing") {
  stand s;
  s.open();
  auto id = new_id();
  auto failed = s.run(fork_of(s, new_id(), id));
  CHECK(failed.result == verdict::Failed);
  CHECK(failed.present == present::Absent);
  CHECK_FALSE(fs::exists(s.settings.data_dir + "/sandboxes/" + id));
}

TEST_CASE("files go from one way of limiting a disk to another") {
  stand s;
  s.settings.disk_limit = "none";
  s.open();
  auto id = archived(s), source = archived(s);
  check_done(s.run(kind::Archive, id), present::Archived);
  s.close();
  s.settings.disk_limit = "image";
  s.open();
  auto child = new_id();
  check_done(s.run(kind::Restore, id), present::Running);
  check_done(s.run(fork_of(s, source, child)), present::Running);
  CHECK(fs::exists(s.settings.data_dir + "/sandboxes/" + id + "/disk.img"));
  auto seen = execute(s.runner(), id, look).output;
  CHECK(seen.find("kept\nkept\nnew\n") != std::string::npos);
  CHECK(execute(s.runner(), child, look).output == seen);
}

// By number of files, of which there may be as many as a disk has inodes.
TEST_CASE("what fills a disk fits into another one of the same size") {
  stand s;
  s.disk_gib = 1;
  s.settings.disk_limit = "image";
  s.open();
  auto id = s.create();
  execute(s.runner(), id,
          "mkdir /many; cd /many; seq 70000 | xargs touch 2>/dev/null");
  const auto* count = "ls /many | wc -l; df -i / | tail -1 | awk '{print $2}'";
  auto seen = execute(s.runner(), id, count).output;
  CHECK(std::stoul(seen) > 60'000);
  check_done(s.run(kind::Stop, id), present::Stopped);
  auto child = new_id();
  check_done(s.run(fork_of(s, id, child)), present::Running);
  CHECK(execute(s.runner(), child, count).output == seen);
  check_done(s.run(kind::Destroy, child), present::Absent);
  check_done(s.run(kind::Archive, id), present::Archived);
  check_done(s.run(kind::Restore, id), present::Running);
  CHECK(execute(s.runner(), id, count).output == seen);
  check_done(s.run(kind::Stop, id), present::Stopped);
  check_done(s.run(kind::Start, id), present::Running);
}
