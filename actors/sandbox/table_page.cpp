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

`probing` is shown as `started`, and `adjusting` as `resizing`. A deadline
passes by itself: `started` has one when auto-stop or auto-pause is on,
`stopped` when auto-delete is on, and the states of the second table always.

)";

bool is_command(trigger what) noexcept {
  return what <= trigger::rotate_signing_key;
}

std::string_view refusal(action what) noexcept {
  if (what == action::refuse_unknown)
    return "404";
  return what == action::refuse_changing ? "409" : "400";
}

// Of an action that leads to one.
std::string_view event_of(action what) noexcept {
  switch (what) {
  case action::request_start:
    return "StartRequested";
  case action::request_resume:
    return "ResumeRequested";
  case action::request_stop:
    return "StopRequested";
  case action::request_pause:
    return "PauseRequested";
  case action::request_recovery:
    return "RecoveryRequested";
  case action::request_destroy:
    return "DestroyRequested";
  case action::request_resize:
    return "ResizeRequested";
  case action::request_network:
    return "NetworkRequested";
  case action::ask_idle:
    return "IdleAsked";
  case action::set_timers:
    return "TimersSet";
  case action::set_public:
    return "PublicSet";
  case action::set_labels:
    return "LabelsReplaced";
  case action::rotate_key:
    return "SigningKeyRotated";
  case action::mark_started:
    return "Started";
  case action::mark_busy:
    return "FoundBusy";
  case action::mark_stopped:
    return "Stopped";
  case action::mark_paused:
    return "Paused";
  case action::mark_resumed:
    return "Resumed";
  case action::mark_adjusted:
    return "Adjusted";
  case action::mark_failed:
    return "Failed";
  case action::mark_destroyed:
    return "Destroyed";
  case action::retry_destroy:
    return "DestroyRetried";
  case action::nothing:
  case action::defer:
  case action::refuse_unknown:
  case action::refuse_changing:
  case action::refuse_errored:
  case action::refuse_not_pausable:
  case action::refuse_not_adjustable:
  case action::refuse_not_errored:
    break;
  }
  return {};
}

std::string cell(status at, trigger what) {
  auto to_do = action_for(at, what);
  if (to_do == action::nothing)
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
