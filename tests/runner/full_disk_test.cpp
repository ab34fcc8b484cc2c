// Without limits a guest that fills the disk hurts new sandboxes, not those
// that end.
#include <catch2/catch.hpp>

#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

TEST_CASE("on a full disk creates say why, ends work, and all recovers") {
  stand s;
  s.use_disk("400m");
  s.settings.disk_limit = "none";
  s.memory_mib = 1024; // a disk in memory counts as the guest's
  s.open();
  auto greedy = s.create();
  auto other = s.create();
  s.run(kind::Stop, other);
  auto filled = execute(s.runner(), greedy, "dd if=/dev/zero of=/fill bs=1M");
  CHECK(filled.output.find("No space left") != std::string::npos);

  auto id = new_id();
  auto refused = s.run(kind::Create, id);
  CHECK(refused.result == verdict::Failed);
  CHECK(refused.present == present::Absent);
  CHECK(refused.error.find("disk is full") != std::string::npos);

  // It can be stopped, started again with the disk as full as it is, and
  // cleaned up from inside.
  CHECK(s.run(kind::Stop, greedy).result == verdict::Done);
  auto started = s.run(kind::Start, greedy);
  INFO(started.error);
  CHECK(started.result == verdict::Done);
  CHECK(execute(s.runner(), greedy, "rm /fill").exit_code == 0);
  CHECK(s.run(kind::Create, id).result == verdict::Done);

  execute(s.runner(), greedy, "dd if=/dev/zero of=/fill bs=1M");
  CHECK(s.run(kind::Destroy, other).result == verdict::Done);
  CHECK(s.run(kind::Destroy, greedy).result == verdict::Done);
  CHECK(s.run(kind::Stop, id).result == verdict::Done);
  s.close();
  s.open();
  CHECK(s.run(kind::Start, id).result == verdict::Done);
}
