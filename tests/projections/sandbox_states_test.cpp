// What each event makes of a sandbox.
#include "tests/projections/projector_fixture.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

namespace {

class sandbox_fixture : public projector_fixture {
 public:
  sandbox_fixture() {
    sandbox("s1", created({.name = "one", .labels = {{"a", "1"}}}));
  }
  std::optional<sandbox_view> found(std::string_view id_or_name = "s1") {
    auto view = ask().sandbox("org", id_or_name);
    REQUIRE(view);
    return view.value();
  }
  template <class Event>
  sandbox_view after(Event event) {
    sandbox("s1", std::move(event));
    auto view = found();
    REQUIRE(view);
    return *view;
  }
};

} // namespace

TEST_CASE_METHOD(sandbox_fixture, "a created sandbox shows all it was given") {
  auto v = found().value();
  CHECK(v.id == "s1");
  CHECK(v.organization_id == "org");
  CHECK(v.name == "one");
  CHECK(v.snapshot_id == "snapshot-of-base");
  CHECK(v.snapshot_name == "base");
  CHECK(v.user == "daytona");
  CHECK(v.env_sealed == std::vector<std::uint8_t>{1, 2, 3, 0, 255});
  CHECK(v.labels == std::map<std::string, std::string>{{"a", "1"}});
  CHECK_FALSE(v.is_public);
  CHECK(v.region == "local");
  CHECK(v.resources == schema::Resources{1000, 1024, 3, 0});
  CHECK(v.auto_stop == 7);
  CHECK(v.auto_archive == 10080);
  CHECK(v.auto_delete == -1);
  CHECK(v.runner_id == "runner-1");
  CHECK(v.state == sandbox_state::creating);
  CHECK(v.desired_state == "started");
  CHECK(v.error_reason.empty());
  CHECK(v.cause == schema::Cause::User);
  CHECK(v.start_version == 0);
  CHECK(v.created_at == epoch_2026);
  CHECK(v.updated_at == epoch_2026);
  CHECK(v.version == 1);
  CHECK(v.at.partition == log::partition_of("org"));
}

TEST_CASE_METHOD(sandbox_fixture, "a started sandbox knows its start") {
  write.cause = schema::Cause::RunnerReport;
  schema::SandboxStartedT event;
  event.toolbox_version = "0.1.0";
  auto v = after(event);
  CHECK(v.state == sandbox_state::started);
  CHECK(v.desired_state == "started");
  CHECK(v.toolbox_version == "0.1.0");
  CHECK(v.start_version == 2);
  CHECK(v.cause == schema::Cause::RunnerReport);
  CHECK(v.updated_at == epoch_2026 + 1);
  CHECK(v.created_at == epoch_2026);
}

TEST_CASE_METHOD(sandbox_fixture, "stopping and starting again") {
  after(schema::SandboxStartedT{});
  auto v = after(schema::SandboxStopRequestedT{});
  CHECK(v.state == sandbox_state::stopping);
  CHECK(v.desired_state == "stopped");
  v = after(schema::SandboxStoppedT{});
  CHECK(v.state == sandbox_state::stopped);
  CHECK(v.desired_state == "stopped");
  v = after(schema::SandboxStartRequestedT{});
  CHECK(v.state == sandbox_state::starting);
  CHECK(v.desired_state == "started");
  v = after(schema::SandboxStartedT{});
  CHECK(v.state == sandbox_state::started);
  CHECK(v.start_version == 6);
}

TEST_CASE_METHOD(sandbox_fixture, "one that ended by itself wants no more") {
  after(schema::SandboxStartedT{});
  auto v = after(schema::SandboxStoppedT{});
  CHECK(v.state == sandbox_state::stopped);
  CHECK(v.desired_state == "stopped");
}

TEST_CASE_METHOD(sandbox_fixture, "an error has a reason until it is left") {
  write.cause = schema::Cause::StartFailed;
  auto v = after(failed("no such image", true));
  CHECK(v.state == sandbox_state::error);
  CHECK(v.error_reason == "no such image");
  CHECK(v.recoverable);
  CHECK(v.cause == schema::Cause::StartFailed);
  CHECK(v.desired_state == "started");
  v = after(schema::SandboxRecoveryRequestedT{});
  CHECK(v.state == sandbox_state::starting);
  CHECK(v.error_reason.empty());
  CHECK_FALSE(v.recoverable);
}

TEST_CASE_METHOD(sandbox_fixture, "labels are replaced as a whole") {
  auto v = after(labels({{"b", "2"}, {"c", ""}}));
  CHECK(v.labels == std::map<std::string, std::string>{{"b", "2"}, {"c", ""}});
  CHECK(v.state == sandbox_state::creating);
  CHECK(after(labels({})).labels.empty());
}

TEST_CASE_METHOD(sandbox_fixture,
                 "a signing key has the version of its event") {
  CHECK(found()->signing_key_version == 0);
  CHECK(after(schema::SandboxSigningKeyRotatedT{}).signing_key_version == 2);
  CHECK(after(schema::SandboxStartedT{}).signing_key_version == 2);
  CHECK(after(schema::SandboxSigningKeyRotatedT{}).signing_key_version == 4);
}

TEST_CASE_METHOD(sandbox_fixture, "a name is free once destroying begins") {
  auto v = after(schema::SandboxDestroyRequestedT{});
  CHECK(v.state == sandbox_state::destroying);
  CHECK(v.desired_state == "destroyed");
  CHECK_FALSE(found("one"));
  sandbox("s2", created({.name = "one"}));
  CHECK(found("one")->id == "s2");
  CHECK(found("s1")->state == sandbox_state::destroying);
  CHECK(after(schema::SandboxDestroyRetriedT{}).state
        == sandbox_state::destroying);
}

TEST_CASE_METHOD(sandbox_fixture, "a destroyed sandbox is not found") {
  after(schema::SandboxDestroyRequestedT{});
  sandbox("s1", schema::SandboxDestroyedT{});
  CHECK_FALSE(found("s1"));
  CHECK_FALSE(found("one"));
  CHECK(ask().sandboxes("org", {}, "", 100).value().items.empty());
  CHECK(ask().sandboxes_on("runner-1").value().empty());
  sandbox_filter with_label;
  with_label.labels = {{"a", "1"}};
  CHECK(ask().sandboxes("org", with_label, "", 100).value().items.empty());
}

TEST_CASE_METHOD(sandbox_fixture, "a failed destroying frees the name, too") {
  after(schema::SandboxDestroyRequestedT{});
  auto v = after(failed("busy", false));
  CHECK(v.state == sandbox_state::error);
  CHECK(v.desired_state == "destroyed");
  CHECK_FALSE(found("one"));
  CHECK(ask().sandboxes("org", {}, "", 100).value().items.empty());
  sandbox_filter all;
  all.include_errored_deleted = true;
  CHECK(ask().sandboxes("org", all, "", 100).value().items.size() == 1);
}

TEST_CASE_METHOD(sandbox_fixture, "another organization finds nothing") {
  CHECK_FALSE(ask().sandbox("other", "s1").value());
  CHECK_FALSE(ask().sandbox("other", "one").value());
  CHECK(ask().sandboxes("other", {}, "", 100).value().items.empty());
  sandbox("t1", created({.name = "one"}), "other");
  CHECK(ask().sandbox("other", "one").value()->id == "t1");
  CHECK(found("one")->id == "s1");
}

TEST_CASE_METHOD(sandbox_fixture, "an id is preferred to a name like it") {
  sandbox("s2", created({.name = "s1"}));
  CHECK(found("s1")->id == "s1");
}

TEST_CASE_METHOD(sandbox_fixture, "a runner's sandboxes are all it must hold") {
  sandbox("s2", created({.name = "two", .runner = "runner-2"}));
  sandbox("s3", created({.name = "three"}), "other");
  sandbox("s3", schema::SandboxDestroyRequestedT{}, "other");
  auto on = ask().sandboxes_on("runner-1");
  REQUIRE(on);
  REQUIRE(on.value().size() == 2);
  CHECK(on.value()[0].id == "s1");
  CHECK(on.value()[1].id == "s3");
  CHECK(ask().sandboxes_on("runner").value().empty());
}

TEST_CASE_METHOD(sandbox_fixture, "archiving and coming back are shown") {
  after(schema::SandboxStoppedT{});
  auto v = after(schema::SandboxArchiveRequestedT{});
  CHECK(v.state == sandbox_state::archiving);
  CHECK(v.desired_state == "archived");
  CHECK(is_transitional(v.state));
  v = after(schema::SandboxArchivedT{});
  CHECK(v.state == sandbox_state::archived);
  CHECK(v.desired_state == "archived");
  CHECK_FALSE(is_transitional(v.state));
  v = after(schema::SandboxRestoreRequestedT{});
  CHECK(v.state == sandbox_state::restoring);
  CHECK(v.desired_state == "started");
  v = after(failed("the archive is damaged", true));
  CHECK(after(schema::SandboxRecoveryRequestedT{}).state
        == sandbox_state::restoring);
  after(schema::SandboxStartedT{});
  after(failed("its toolbox died", true));
  CHECK(after(schema::SandboxRecoveryRequestedT{}).state
        == sandbox_state::starting);
  after(failed("again", true));
  schema::SandboxRecoveryRequestedT aside;
  aside.skip_start = true;
  v = after(aside);
  CHECK(v.state == sandbox_state::stopping);
  CHECK(v.desired_state == "stopped");
}

TEST_CASE_METHOD(sandbox_fixture, "forks are found by their source") {
  auto fork = [&](const char* id, const char* name, const char* of,
                  const char* organization = "org") {
    auto event = created({.name = name});
    event.forked_from = of;
    sandbox(id, std::move(event), organization);
  };
  fork("f1", "first", "s1");
  fork("f2", "second", "s1");
  fork("f3", "third", "f1");
  fork("x1", "other", "s1", "other");
  auto forks = [&](const char* of, bool all) {
    std::string out;
    auto found = ask().forks("org", of, all, 100);
    REQUIRE(found);
    for (const auto& v : found.value())
      out += v.id + " ";
    return out;
  };
  CHECK(found("f1")->forked_from == "s1");
  CHECK(found("f1")->image_ref == "sha256:0");
  CHECK(forks("s1", false) == "f1 f2 ");
  CHECK(forks("f1", false) == "f3 ");
  CHECK(forks("f2", false).empty());
  sandbox("f2", schema::SandboxDestroyRequestedT{});
  sandbox("f2", schema::SandboxDestroyedT{});
  CHECK(forks("s1", false) == "f1 ");
  CHECK(forks("s1", true) == "f1 f2 ");
  CHECK(ask().forks("org", "s1", true, 1).value().size() == 1);
}

TEST_CASE("states have the names of the wire") {
  for (auto name :
       {"creating", "started", "stopping", "stopped", "starting", "error",
        "destroying", "destroyed", "archiving", "archived", "restoring"}) {
    auto state = parse_sandbox_state(name);
    REQUIRE(state);
    CHECK(name_of(*state) == name);
  }
  CHECK_FALSE(parse_sandbox_state("Started"));
  CHECK_FALSE(parse_sandbox_state(""));
  CHECK(is_transitional(sandbox_state::creating));
  CHECK(is_transitional(sandbox_state::starting));
  CHECK(is_transitional(sandbox_state::stopping));
  CHECK(is_transitional(sandbox_state::destroying));
  CHECK_FALSE(is_transitional(sandbox_state::started));
  CHECK_FALSE(is_transitional(sandbox_state::stopped));
  CHECK_FALSE(is_transitional(sandbox_state::error));
  CHECK_FALSE(is_transitional(sandbox_state::destroyed));
}
