// What a server that died owes those whose creates it never answered.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>

#include "gateway/api/open_creates.hpp"
#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;
using gateway::open_creates;

namespace {

struct scratch_file {
  scratch_file() {
    auto name =
        (std::filesystem::temp_directory_path() / "varve-open-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"mkdtemp"};
    folder = name;
    path = name + "/unanswered";
  }
  ~scratch_file() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  std::string folder;
  std::string path;
};

std::vector<std::string> ids_in(const std::string& file) {
  open_creates seen;
  std::vector<std::string> out;
  auto left = seen.open(file);
  REQUIRE(left);
  for (const auto& it : left.value())
    out.push_back(it.organization_id + "/" + it.sandbox_id);
  return out;
}

} // namespace

TEST_CASE("what was begun and not settled outlives who began it") {
  scratch_file at;
  {
    open_creates noted;
    noted.begin("o", "before"); // not opened: nothing is noted
    REQUIRE(noted.open(at.path).value().empty());
    for (auto id : {"a", "b", "c"})
      noted.begin("o", id);
    noted.settle("b");
    noted.settle("before");
  }
  auto left_there = ids_in(at.path);
  std::sort(left_there.begin(), left_there.end());
  CHECK(left_there == std::vector<std::string>{"o/a", "o/c"});
  open_creates next;
  auto left = next.open(at.path);
  REQUIRE(left);
  for (const auto& it : left.value())
    next.settle(it.sandbox_id);
  CHECK(ids_in(at.path).empty());
}

TEST_CASE("places are used again, and more than there are is no harm") {
  scratch_file at;
  open_creates noted;
  REQUIRE(noted.open(at.path));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 9000; ++i)
      noted.begin("o", std::to_string(i));
    CHECK(ids_in(at.path).size() == 8192);
    for (int i = 0; i < 9000; ++i)
      noted.settle(std::to_string(i));
    CHECK(ids_in(at.path).empty());
  }
}

TEST_CASE_METHOD(gateway_fixture,
                 "what a dead server did not answer is taken back") {
  scratch_file at;
  auto id = call("POST", "/api/sandbox", R"({"name":"a"})").text("id");
  {
    open_creates of_another_life;
    REQUIRE(of_another_life.open(at.path));
    of_another_life.begin(fake_world::home, id);
  }
  REQUIRE(server->note_creates(at.path));
  auto all = world.commands();
  REQUIRE(all.size() == 2);
  const auto* told = std::get_if<SetTimers>(&all[1]);
  REQUIRE(told != nullptr);
  CHECK(told->abandoned);
  CHECK(told->sandbox_id == id);
  CHECK(world.origins()[1].cause == schema::Cause::ClientGone);
  // Once answered, a create is nobody's to take back.
  CHECK(call("POST", "/api/sandbox", "{}").status == 200);
  CHECK(ids_in(at.path).empty());
}
