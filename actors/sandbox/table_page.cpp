#include "actors/sandbox/table_page.hpp"

#include "actors/sandbox/transitions.hpp"

namespace varve::sandbox {

namespace {

constexpr std::string_view head = R"(# What a sandbox does when

Written by the test `actors_pure` from `actors/sandbox/transitions.cpp`, which
is what decides. What is expected stands in `tests/actors/sandbox_table.txt`.

A cell names the event that follows, or the answer: `ok` is 200 without an
event, since it is so already; a number refuses with that status; `later` keeps
a report until the operation under way is done; `-` means nothing.

`resolving` is shown as `pending_build`, `pulling` as `pulling_snapshot`, or as
`building_snapshot` where the image is built, `probing` as `started`, and `adjusting` as `resizing`. A deadline
passes by itself: `started` has one when auto-stop or auto-pause is on,
`stopped` when auto-archive or auto-delete is on (`archive_due` is what passes
then if archiving comes first), `archived` when auto-delete is on, and the
states of the second table always. A fork that is `ok` is no event here: its
organization makes the other sandbox.

)";

bool is_command(trigger what) noexcept {
  return what <= trigger::rotate_signing_key;
}

std::string_view refusal(action what) noexcept {
  if (what == action::refuse_unknown)
    return "404";
  return what == action::refuse_changing ? "409" : "400";
}

struct passage {
  action to_do;
  std::string_view event;
};

constexpr passage passages[] = {
    {action::request_start, "StartRequested"},
    {action::request_resume, "ResumeRequested"},
    {action::request_stop, "StopRequested"},
    {action::request_pause, "PauseRequested"},
    {action::request_archive, "ArchiveRequested"},
    {action::request_restore, "RestoreRequested"},
    {action::request_recovery, "RecoveryRequested"},
    {action::request_destroy, "DestroyRequested"},
    {action::request_resize, "ResizeRequested"},
    {action::request_network, "NetworkRequested"},
    {action::ask_idle, "IdleAsked"},
    {action::set_timers, "TimersSet"},
    {action::set_public, "PublicSet"},
    {action::set_labels, "LabelsReplaced"},
    {action::rotate_key, "SigningKeyRotated"},
    {action::mark_resolved, "ImageResolved"},
    {action::mark_pulled, "ImagePulled"},
    {action::mark_started, "Started"},
    {action::mark_busy, "FoundBusy"},
    {action::mark_stopped, "Stopped"},
    {action::mark_paused, "Paused"},
    {action::mark_resumed, "Resumed"},
    {action::mark_archived, "Archived"},
    {action::mark_adjusted, "Adjusted"},
    {action::mark_failed, "Failed"},
    {action::mark_destroyed, "Destroyed"},
    {action::retry_destroy, "DestroyRetried"},
    {action::note_oom_kill, "OutOfMemory"},
};

// Of an action that leads to one.
std::string_view event_of(action what) noexcept {
  for (const auto& it : passages)
    if (it.to_do == what)
      return it.event;
  return {};
}

std::string cell(status at, trigger what) {
  auto to_do = action_for(at, what);
  if (to_do == action::nothing || to_do == action::grant_fork)
    return is_command(what) ? "ok" : "-";
  if (to_do == action::defer)
    return "later";
  auto event = event_of(to_do);
  return std::string{event.empty() ? refusal(to_do) : event};
}

std::string text_of(std::string_view s) {
  return std::string{s};
}

std::string states_table() {
  std::string names = "| |", rule = "|---|";
  for (std::size_t s = 0; s < status_count; ++s) {
    names += " " + text_of(name_of(static_cast<status>(s))) + " |";
    rule += "---|";
  }
  auto out = names + "\n" + rule + "\n";
  for (std::size_t t = 0; t < trigger_count; ++t) {
    auto what = static_cast<trigger>(t);
    out += "| **" + text_of(name_of(what)) + "** |";
    for (std::size_t s = 0; s < status_count; ++s)
      out += " " + cell(static_cast<status>(s), what) + " |";
    out += "\n";
  }
  return out;
}

std::string deadlines_table() {
  std::string out = "\n| state | deadline | then |\n|---|---|---|\n";
  for (std::size_t s = 0; s < status_count; ++s) {
    auto at = static_cast<status>(s);
    auto patience = patience_of(at, 0);
    if (patience != 0)
      out += "| " + text_of(name_of(at)) + " | "
             + std::to_string(patience / 1000) + " s | "
             + cell(at, trigger::deadline) + " |\n";
  }
  return out;
}

} // namespace

std::string table_page() {
  return text_of(head) + states_table() + deadlines_table();
}

} // namespace varve::sandbox
