// Pausing, resizing, network and visibility.
#include "tests/actors/given.hpp"

using namespace varve;
using sandbox::status;

namespace {

std::string refusal(const result<decision>& d) {
  REQUIRE(!d);
  CHECK(d.error().code == errc::wrong_state);
  return d.error().detail;
}

} // namespace

TEST_CASE("a pause that does not take leaves it running and says why") {
  auto story = given::sandbox_in(status::pausing);
  auto answer = story.answer(schema::Result::Failed, schema::Present::Running);
  answer.report.error = "this host cannot freeze processes";
  story.when(answer);
  CHECK(story.s.at == status::started);
  const auto* event =
      story.records.back()->view().entries()->Get(0)->event_as_SandboxResumed();
  REQUIRE(event);
  CHECK(event->detail()->str() == "this host cannot freeze processes");
}

TEST_CASE("a resumed sandbox is the one that was started") {
  auto story = given::sandbox_in(status::paused);
  story.when(StartSandbox{"sb-1"});
  CHECK(sandbox::owed_operation(story.s)->kind
        == schema::OperationKind::Resume);
  story.done(schema::Present::Running);
  CHECK(story.s.at == status::started);
}

TEST_CASE("a paused sandbox on a machine that was restarted is stopped") {
  auto story = given::sandbox_in(status::paused);
  story.when(story.observation(schema::Present::Stopped,
                               schema::Cause::HostRestarted));
  CHECK(story.s.at == status::stopped);
}

TEST_CASE("a running sandbox grows and is refused to shrink") {
  auto story = given::sandbox_in(status::started);
  CHECK(refusal(story.decide(ResizeSandbox{"sb-1", 500, {}}))
        == "Sandbox must be in stopped state to decrease CPU");
  CHECK(refusal(story.decide(ResizeSandbox{"sb-1", {}, 512}))
        == "Sandbox must be in stopped state to decrease memory");
  story.when(ResizeSandbox{"sb-1", 3000, {}});
  CHECK(story.s.at == status::adjusting);
  CHECK(story.s.has.resources.cpu_millis() == 3000);
  CHECK(story.s.had.resources.cpu_millis() == 1000);
  story.done(schema::Present::Running);
  CHECK(story.s.at == status::started);
  CHECK(story.s.has.resources.cpu_millis() == 3000);
  CHECK(story.s.has.resources.memory_mib() == 1024);
}

TEST_CASE("a resize that fails leaves what there was") {
  auto story = given::sandbox_in(status::adjusting);
  story.when(story.answer(schema::Result::Failed, schema::Present::Running));
  CHECK(story.s.at == status::started);
  CHECK(story.s.has.resources.cpu_millis() == 1000);
}

TEST_CASE("a stopped sandbox is resized without a runner, either way") {
  auto story = given::sandbox_in(status::stopped);
  auto due = story.s.deadline;
  story.when(ResizeSandbox{"sb-1", 500, 512});
  CHECK(story.s.at == status::stopped);
  CHECK(story.s.deadline == due);
  CHECK(!sandbox::owed_operation(story.s));
  CHECK(story.s.has.resources.memory_mib() == 512);
}

TEST_CASE("a disk grows while its sandbox is stopped, and never shrinks") {
  auto story = given::sandbox_in(status::started);
  auto is = story.s.has.resources.disk_gib();
  CHECK(refusal(story.decide(ResizeSandbox{"sb-1", {}, {}, is + 1}))
        == "Disk resize can only be performed on a stopped sandbox");
  CHECK(
      story.decide(ResizeSandbox{"sb-1", {}, {}, is}).value().entries.empty());
  auto stopped = given::sandbox_in(status::stopped);
  CHECK(refusal(stopped.decide(ResizeSandbox{"sb-1", {}, {}, is - 1}))
        == "Sandbox disk size cannot be decreased");
  stopped.when(ResizeSandbox{"sb-1", {}, {}, is + 4});
  CHECK(stopped.s.has.resources.disk_gib() == is + 4);
  CHECK(stopped.s.has.resources.memory_mib() == 1024);
}

TEST_CASE("a resize to what it is is no event") {
  for (auto at : {status::started, status::stopped}) {
    auto story = given::sandbox_in(at);
    auto same = story.decide(ResizeSandbox{"sb-1", 1000, 1024});
    REQUIRE(same);
    CHECK(same.value().entries.empty());
  }
}

TEST_CASE("network rules are changed at once, and back when that fails") {
  auto story = given::sandbox_in(status::started);
  network_rules rules{false, "8.8.8.0/24"};
  story.when(SetNetwork{"sb-1", rules});
  CHECK(story.s.at == status::adjusting);
  story.done(schema::Present::Running);
  CHECK(story.s.has.network == rules);
  story.when(SetNetwork{"sb-1", {true, ""}});
  story.when(story.answer(schema::Result::Failed, schema::Present::Running));
  CHECK(story.s.has.network == rules);
  CHECK(story.decide(SetNetwork{"sb-1", rules}).value().entries.empty());
}

TEST_CASE("what the organization counts follows a resize and its failure") {
  organization::state org;
  org.exists = true;
  auto story = given::sandbox_in(status::started);
  story.when(ResizeSandbox{"sb-1", 3000, {}});
  std::uint64_t version = 0;
  auto fold = [&](const log::record& r) {
    schema::RecordT content;
    r.view().UnPackTo(&content);
    for (auto& entry : content.entries)
      if (counts_in_organization(entry->event.type))
        entry->organization_version = ++version;
    auto sealed = log::record::seal(content);
    REQUIRE(sealed);
    given::fold(org, *sealed.value());
  };
  for (const auto& record : story.records)
    fold(*record);
  CHECK(org.used.cpu_millis == 3000);
  story.when(story.answer(schema::Result::Failed, schema::Present::Running));
  fold(*story.records.back());
  CHECK(org.used.cpu_millis == 1000);
  CHECK(org.used == organization::recount(org));
}

TEST_CASE("a resize is admitted for what it takes in addition") {
  organization::state org;
  org.exists = true;
  org.quota.cpu_millis = 4000;
  organization::member it;
  it.size = {1000, 1024, 3, 1};
  org.sandboxes["sb-1"] = it;
  org.used = it.size;
  auto more = organization::admit_resize(org, {"sb-1", 4000, {}}, {});
  REQUIRE(more);
  CHECK(more.value().cpu_millis == 3000);
  auto over = organization::admit_resize(org, {"sb-1", 4001, {}}, {});
  REQUIRE(!over);
  CHECK(over.error().code == errc::quota_exceeded);
}
