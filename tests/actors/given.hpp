// Builds committed records from decisions, so that pure tests fold the same
// bytes a log would hold.
#pragma once

#include <catch2/catch.hpp>

#include "actors/organization/decide.hpp"
#include "actors/sandbox/decide.hpp"
#include "events/base/ids.hpp"
#include "events/record.hpp"

namespace varve::given {

inline constexpr timestamp start_time = 1'700'000'000'000;

// Seals a decision's entries as one record whose versions follow `version` and
// `organization_version`.
inline log::record_ptr committed(decision d, std::uint64_t version,
                                 std::uint64_t organization_version,
                                 timestamp now) {
  schema::RecordT content;
  auto id = uuid::v7(now);
  content.id.assign(id.bytes.begin(), id.bytes.end());
  content.prev = std::make_unique<schema::Digest>();
  content.time = now;
  content.organization_id = "org-1";
  content.cause = d.cause;
  content.entries = std::move(d.entries);
  for (auto& entry : content.entries) {
    entry->version = ++version;
    if (counts_in_organization(entry->event.type))
      entry->organization_version = ++organization_version;
  }
  auto sealed = log::record::seal(content);
  REQUIRE(sealed.has_value());
  return sealed.value();
}

inline void fold(sandbox::state& s, const log::record& r) {
  std::uint16_t place = 0;
  for (const auto* entry : *r.view().entries())
    sandbox::evolve(s, *entry, envelope{r.view(), place++});
}

inline void fold(organization::state& s, const log::record& r) {
  std::uint16_t place = 0;
  for (const auto* entry : *r.view().entries()) {
    if (entry->organization_version() != 0)
      organization::evolve(s, *entry, envelope{r.view(), place});
    ++place;
  }
}

inline CreateSandbox creation(std::string id, std::string name = {}) {
  CreateSandbox c;
  c.sandbox_id = std::move(id);
  c.name = std::move(name);
  c.snapshot_id = "snap-1";
  c.snapshot_name = "varve/base";
  c.image_ref = "image:1";
  c.user = "daytona";
  c.labels = {{"a", "1"}, {"b", "2"}};
  c.region = "local";
  c.resources = schema::Resources{1000, 1024, 3, 0};
  c.timers.auto_stop = 0;
  c.timers.auto_archive = 0;
  return c;
}

// A sandbox and its history; the clock moves on by a second per command.
struct sandbox_story {
  sandbox::state s;
  timestamp now = start_time;
  std::uint64_t sequence = 0;
  std::vector<log::record_ptr> records;

  decision_context context() const {
    return {now, "runner-1"};
  }

  void commit(decision d) {
    if (d.entries.empty())
      return;
    records.push_back(committed(std::move(d), s.version, 0, now));
    fold(s, *records.back());
    now += 1000;
  }

  result<decision> decide(const sandbox::input& what) const {
    return sandbox::decide(s, what, context());
  }

  // Decides and commits; the decision must be taken.
  void when(const sandbox::input& what) {
    auto d = decide(what);
    REQUIRE(d.has_value());
    commit(std::move(d).value());
  }

  void create(std::string image = {}) {
    organization::state org;
    org.exists = true;
    // Every state that may have a deadline has one.
    auto c = creation("sb-1", "one");
    c.timers.auto_stop = 15;
    c.timers.auto_delete = 60;
    c.ttl_minutes = 24 * 60;
    c.image = std::move(image);
    auto d = organization::decide(org, c, {"org-1", context(), {}});
    REQUIRE(d.has_value());
    commit(std::move(d).value());
  }

  // The answer to what is owed now.
  sandbox::RunnerAnswered answer(schema::Result result,
                                 schema::Present present) {
    auto owed = sandbox::owed_operation(s);
    REQUIRE(owed.has_value());
    sandbox::RunnerAnswered out;
    out.report.operation_id = owed->id;
    out.report.kind = owed->kind;
    out.report.version = owed->version;
    out.report.sandbox_id = "sb-1";
    out.report.result = result;
    out.report.present = present;
    out.report.journal_id = "journal-1";
    out.report.sequence = ++sequence;
    return out;
  }

  sandbox::RunnerObserved observation(schema::Present present,
                                      schema::Cause cause) {
    sandbox::RunnerObserved out;
    out.report.sandbox_id = "sb-1";
    out.report.present = present;
    out.report.cause = cause;
    out.report.journal_id = "journal-1";
    out.report.sequence = ++sequence;
    return out;
  }

  void done(schema::Present present) {
    when(answer(schema::Result::Done, present));
  }
};

// A sandbox brought to this state by events only.
inline sandbox_story sandbox_in(sandbox::status wanted) {
  using sandbox::status;
  sandbox_story story;
  if (wanted == status::absent)
    return story;
  story.create(wanted == status::resolving || wanted == status::pulling
                   ? "debian:12"
                   : "");
  if (wanted == status::resolving)
    return story;
  if (wanted == status::pulling)
    return story.done(schema::Present::Absent), story;
  if (wanted == status::creating)
    return story;
  story.done(schema::Present::Running);
  if (wanted == status::error)
    story.when(story.observation(schema::Present::Stopped,
                                 schema::Cause::ToolboxDied));
  if (wanted == status::probing)
    story.when(sandbox::DeadlineReached{story.s.deadline});
  if (wanted == status::pausing || wanted == status::paused
      || wanted == status::resuming)
    story.when(PauseSandbox{"sb-1"});
  if (wanted == status::paused || wanted == status::resuming)
    story.done(schema::Present::Paused);
  if (wanted == status::resuming)
    story.when(StartSandbox{"sb-1"});
  if (wanted == status::adjusting)
    story.when(ResizeSandbox{"sb-1", 2000, {}});
  auto put_aside = wanted == status::archiving || wanted == status::archived
                   || wanted == status::restoring;
  if (wanted == status::stopping || wanted == status::stopped
      || wanted == status::starting || put_aside)
    story.when(StopSandbox{"sb-1", false});
  if (wanted == status::stopped || wanted == status::starting || put_aside)
    story.done(schema::Present::Stopped);
  if (put_aside)
    story.when(ArchiveSandbox{"sb-1"});
  if (wanted == status::archived || wanted == status::restoring)
    story.done(schema::Present::Archived);
  if (wanted == status::restoring)
    story.when(StartSandbox{"sb-1"});
  if (wanted == status::starting)
    story.when(StartSandbox{"sb-1"});
  if (wanted == status::destroying || wanted == status::destroyed)
    story.when(DestroySandbox{"sb-1"});
  if (wanted == status::destroyed)
    story.done(schema::Present::Absent);
  REQUIRE(story.s.at == wanted);
  return story;
}

} // namespace varve::given
