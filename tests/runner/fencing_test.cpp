// Which operations are heard, and that hearing one twice changes nothing.
#include <catch2/catch.hpp>

#include "events/base/clock.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

TEST_CASE("a repeated operation gets its first outcome and the present state") {
  stand s;
  s.open();
  auto id = new_id();
  auto create = s.operation(kind::Create, id);
  auto again = create;
  auto first = s.run(std::move(create));
  REQUIRE(first.result == verdict::Done);
  execute(s.runner(), id, "echo kept > /kept");
  auto second = s.run(again);
  CHECK(second.result == verdict::Done);
  CHECK(second.present == present::Running);
  CHECK(second.toolbox_version == first.toolbox_version);
  CHECK(second.sequence > first.sequence);
  CHECK(execute(s.runner(), id, "cat /kept").output == "kept\n");

  s.run(kind::Stop, id);
  auto third = s.run(again);
  CHECK(third.result == verdict::Done);
  CHECK(third.present == present::Stopped);

  s.run(kind::Destroy, id);
  auto fourth = s.run(again);
  CHECK(fourth.result == verdict::Done);
  CHECK(fourth.present == present::Absent);
}

TEST_CASE("a repeated operation is known after the server began anew") {
  stand s;
  s.open();
  auto id = new_id();
  auto create = s.operation(kind::Create, id);
  auto again = create;
  s.run(std::move(create));
  s.run(kind::Stop, id);
  s.close();
  s.reports.clear();
  s.open();
  s.reports.next_inventory(); // after all that is told again
  s.reports.clear();
  auto outcome = s.run(again);
  CHECK(outcome.result == verdict::Done);
  CHECK(outcome.present == present::Stopped);
}

TEST_CASE("an operation older than one already seen is refused") {
  stand s;
  s.open();
  auto id = new_id();
  auto late = s.operation(kind::Stop, id);
  auto create = s.operation(kind::Create, id);
  REQUIRE(s.run(std::move(create)).result == verdict::Done);
  auto refused = s.run(std::move(late));
  CHECK(refused.result == verdict::Refused);
  CHECK(refused.present == present::Running);
  CHECK(refused.sequence > 0);
}

TEST_CASE("a create that comes after its destroy is refused") {
  stand s;
  s.open();
  auto id = new_id();
  auto late = s.operation(kind::Create, id);
  CHECK(s.run(kind::Destroy, id).result == verdict::Done);
  auto refused = s.run(late);
  CHECK(refused.result == verdict::Refused);
  CHECK(refused.present == present::Absent);
  s.close();
  s.open();
  late.id = new_id() + ".0";
  CHECK(s.run(late).result == verdict::Refused);
}

TEST_CASE("an operation that waited too long is not begun") {
  stand s;
  s.open();
  auto operation = s.operation(kind::Create, new_id());
  operation.queue_until = system_clock{}.now() - 1;
  auto outcome = s.run(std::move(operation));
  CHECK(outcome.result == verdict::Expired);
  CHECK(outcome.present == present::Absent);
  auto in_time = s.operation(kind::Create, new_id());
  in_time.queue_until = system_clock{}.now() + 60'000;
  CHECK(s.run(std::move(in_time)).result == verdict::Done);
}

TEST_CASE("an operation for another journal or of an ended epoch is refused") {
  stand s;
  s.open();
  auto other = s.operation(kind::Create, new_id());
  other.journal_id = new_id();
  CHECK(s.run(std::move(other)).result == verdict::Refused);
  auto own = s.operation(kind::Create, new_id());
  own.journal_id = s.runner().journal_id();
  own.partition = 7;
  own.epoch = 5;
  CHECK(s.run(std::move(own)).result == verdict::Done);
  auto zombie = s.operation(kind::Create, new_id());
  zombie.partition = 7;
  zombie.epoch = 4;
  CHECK(s.run(zombie).result == verdict::Refused);
  s.close();
  s.open();
  CHECK(s.run(std::move(zombie)).result == verdict::Refused);
  auto elsewhere = s.operation(kind::Create, new_id());
  elsewhere.partition = 8;
  elsewhere.epoch = 1;
  CHECK(s.run(std::move(elsewhere)).result == verdict::Done);
}

TEST_CASE("ids that would lead out of their directory are not taken") {
  stand s;
  s.open();
  for (std::string id : {"../../etc", "a/b", ".", "", "x y"}) {
    auto outcome = s.run(s.operation(kind::Create, id));
    CHECK(outcome.result == verdict::Failed);
    CHECK(outcome.present == present::Absent);
  }
}

TEST_CASE("reports are repeated until somebody acknowledges them") {
  stand s;
  s.open();
  auto id = new_id();
  auto create = s.operation(kind::Create, id);
  auto create_id = create.id;
  auto first = s.run(std::move(create));
  s.close();
  s.reports.clear();
  s.open();
  auto repeated = s.reports.outcome_of(create_id);
  CHECK(repeated.sequence == first.sequence);
  s.runner().acknowledge(id, repeated.sequence);
  auto stop = s.operation(kind::Stop, id);
  auto stop_id = stop.id;
  s.run(std::move(stop));
  s.close();
  s.reports.clear();
  s.open();
  CHECK(s.reports.outcome_of(stop_id).result == verdict::Done);
  CHECK_FALSE(s.reports.has_outcome(create_id));
}
