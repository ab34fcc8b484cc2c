#include "runner/toolbox/git/interruption.hpp"

#include <algorithm>
#include <csignal>
#include <string>

#include <sys/time.h>
#include <unistd.h>

#include "runner/toolbox/git/failure.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox::git {

namespace {

using steady = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr auto step = std::chrono::milliseconds{100};
// Library code that waits for nothing cannot be woken: after these further
// alarms, one each step, the process ends by itself.
constexpr int last_alarm = 100;

// One request in this process, and signal handlers that reach it.
struct state {
  steady::time_point end;
  steady::time_point quiet_since;
  std::optional<steady::duration> silence;
  const exchange* ex = nullptr;
  std::string last_words;
};

state now_running;
volatile std::sig_atomic_t alarms = 0;
volatile std::sig_atomic_t was_asked = 0;
volatile std::sig_atomic_t was_silence = 0;

void set_timer(microseconds first) {
  first = std::max(first, microseconds{1000});
  itimerval timer{};
  timer.it_value.tv_sec = first.count() / 1'000'000;
  timer.it_value.tv_usec = first.count() % 1'000'000;
  // Again and again: one alarm may come just before a call that waits.
  timer.it_interval.tv_usec = microseconds{step}.count();
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

void on_alarm(int) {
  alarms = alarms + 1;
  if (alarms < last_alarm)
    return;
  const auto& words = now_running.last_words;
  if (was_asked == 0 && !now_running.ex->has_begun()) {
    [[maybe_unused]] auto n =
        ::write(child_channel, words.data(), words.size());
    ::_exit(0);
  }
  ::_exit(1);
}

void on_request_to_end(int) {
  was_asked = 1;
  set_timer(microseconds{0});
}

void arm() {
  auto end = now_running.end;
  was_silence = 0;
  if (now_running.silence
      && now_running.quiet_since + *now_running.silence < end) {
    end = now_running.quiet_since + *now_running.silence;
    was_silence = 1;
  }
  set_timer(std::chrono::duration_cast<microseconds>(end - steady::now()));
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler; // and no SA_RESTART
  ::sigaction(number, &action, nullptr);
}

problem out_of_time() {
  return {408, "REQUEST_TIMEOUT",
          "request timeout: the git operation took too long"};
}

} // namespace

void limit_time(exchange& ex, std::chrono::seconds total) {
  now_running.ex = &ex;
  auto what = problem_response(out_of_time(), ex.request());
  now_running.last_words =
      response_head(what.status, what.content_type, what.headers,
                    what.body.size(), ex.request().keep_alive)
      + what.body;
  now_running.end = steady::now() + total;
  ::signal(SIGPIPE, SIG_IGN);
  handle(SIGALRM, on_alarm);
  handle(SIGTERM, on_request_to_end);
  arm();
}

void limit_silence(std::chrono::seconds limit) {
  now_running.silence = limit;
  now_running.quiet_since = steady::now();
  if (!is_interrupted())
    arm();
}

void note_progress() {
  auto now = steady::now();
  if (now - now_running.quiet_since < step || is_interrupted())
    return;
  now_running.quiet_since = now;
  arm();
}

void end_silence_limit() {
  now_running.silence.reset();
  if (!is_interrupted())
    arm();
}

bool is_interrupted() {
  return alarms > 0 || was_asked > 0;
}

std::optional<problem> interruption() {
  if (!is_interrupted())
    return std::nullopt;
  if (was_asked == 0 && was_silence != 0)
    return transport_failed("it has been silent for too long");
  return out_of_time();
}

} // namespace varve::toolbox::git
