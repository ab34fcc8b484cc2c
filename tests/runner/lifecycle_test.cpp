#include <catch2/catch.hpp>

#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using verdict = schema::Result;

TEST_CASE("a sandbox is made, used and destroyed") {
  stand s;
  s.env["GREETING"] = "good morning";
  s.open();
  auto id = s.create();
  auto said = execute(s.runner(), id, "echo $GREETING; id -u");
  CHECK(said.exit_code == 0);
  CHECK(said.output == "good morning\n0\n");
  auto gone = s.run(kind::Destroy, id);
  CHECK(gone.result == verdict::Done);
  CHECK(gone.present == schema::Present::Absent);
  auto stream = s.runner().connect_toolbox(id);
  REQUIRE(!stream);
  CHECK(stream.error().code == errc::guest_unreachable);
}
