#include "runner/toolbox/interpreter/context.hpp"

#include "events/base/clock.hpp"
#include "runner/toolbox/websocket.hpp"

namespace varve::toolbox {

namespace {

constexpr auto start_time = std::chrono::seconds{30};
// After an interrupt of Python alone, of all it has started, of both.
constexpr auto first_patience = std::chrono::milliseconds{500};
constexpr auto last_patience = std::chrono::milliseconds{1500};
constexpr auto leave_grace = std::chrono::seconds{2};
constexpr std::size_t first_words_limit = 4096;
constexpr std::string_view restarted =
    "the code did not stop when it was interrupted: the interpreter starts "
    "again, without its state\n";

std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n')
    text.remove_suffix(1);
  auto at = text.rfind('\n');
  return std::string{at == std::string_view::npos ? text : text.substr(at + 1)};
}

} // namespace

interpreter_context::interpreter_context(runtime& rt, std::string id,
                                         std::string cwd)
    : rt_{rt}, id_{std::move(id)}, cwd_{std::move(cwd)},
      created_at_{to_iso8601(system_clock{}.now())}, timer_{rt.io} {
  // nop
}

interpreter_context::~interpreter_context() {
  give_up_worker();
}

void interpreter_context::start() {
  if (worker_ || is_leaving_)
    return;
  trouble_.clear();
  first_words_.clear();
  state_ = condition::starting;
  worker_process::owner& self = *this;
  worker_ = std::make_shared<worker_process>(rt_, self);
  worker_->start(cwd_);
  wake_in(start_time);
}

outcome<void> interpreter_context::run(std::shared_ptr<execution> what) {
  if (is_leaving_)
    return problem{409, "CONFLICT", "context is not active"};
  if (waiting_.size() >= waiting_limit)
    return too_busy("too many executions wait in this context");
  if (!what->keep_code())
    return too_busy("too much is held in memory for other requests");
  waiting_.push_back(std::move(what));
  run_next();
  return boost::outcome_v2::success();
}

void interpreter_context::run_next() {
  if (current_ || waiting_.empty() || is_leaving_)
    return;
  if (rt_.is_ending)
    return fail_all(ws_code::failed, "the sandbox is stopping");
  if (!worker_)
    start();
  if (state_ != condition::ready)
    return;
  current_ = waiting_.front();
  waiting_.pop_front();
  pressure_ = pressure::none;
  has_timed_out_ = false;
  worker_->send(current_->line());
  if (current_->what().timeout.count() > 0)
    wake_in(current_->what().timeout);
}

bool interpreter_context::interrupt() {
  if (!current_)
    return false;
  if (pressure_ == pressure::none)
    press();
  return true;
}

void interpreter_context::end(std::function<void()> done) {
  is_leaving_ = true;
  ++timer_round_;
  timer_.cancel();
  fail_all(ws_code::failed, "the context was deleted");
  auto worker = std::exchange(worker_, nullptr);
  state_ = condition::idle;
  changed_.raise();
  if (!worker)
    return done();
  worker->leave(leave_grace, std::move(done));
}

bool interpreter_context::is_held() const {
  return current_ && current_->is_held();
}

void interpreter_context::on_output(log_stream from, std::string_view bytes) {
  if (current_)
    current_->add_output(from, bytes);
  else if (state_ == condition::starting && from == log_stream::err
           && first_words_.size() < first_words_limit)
    first_words_ += bytes;
}

void interpreter_context::on_message(std::string_view line) {
  auto kind = line.substr(0, line.find(' '));
  if (kind == "ready" && state_ == condition::starting) {
    state_ = condition::ready;
    ++timer_round_;
    timer_.cancel();
    changed_.raise();
    return run_next();
  }
  if (!current_)
    return;
  if (kind == "error" || kind == "result" || kind == "chart")
    current_->add_message(kind, line.substr(kind.size()));
  else if (kind == "lost")
    current_->add_output(log_stream::err,
                         "something was left out: it is too large\n");
  else if (kind == "done")
    finish("completed", ws_code::normal, {});
  else if (kind == "interrupted")
    finish("interrupted", ws_code::normal, {});
}

void interpreter_context::finish(std::string_view control, unsigned code,
                                 std::string reason) {
  ++timer_round_;
  timer_.cancel();
  // Clients take "interrupted" for success, so a timeout is only a close.
  if (has_timed_out_)
    current_->end({}, ws_code::timed_out, {});
  else
    current_->end(control, code, std::move(reason));
  current_.reset();
  run_next();
}

void interpreter_context::on_end(const std::string& why) {
  worker_.reset();
  ++timer_round_;
  timer_.cancel();
  bool never_ran = state_ == condition::starting;
  state_ = condition::idle;
  if (never_ran) {
    trouble_ = why.starts_with('!')
                   ? why.substr(1)
                   : "python3 " + why + " (" + last_line(first_words_) + ")";
    fail_all(ws_code::failed, "no interpreter: " + trouble_);
  }
  changed_.raise();
  if (!current_)
    return;
  if (!has_timed_out_)
    current_->add_error("InterpreterEnded",
                        "the interpreter's process " + why
                            + "; it starts again, without its state");
  finish({}, ws_code::going_away, "worker process ended");
}

void interpreter_context::fail_all(unsigned code, const std::string& reason) {
  if (auto running = std::exchange(current_, nullptr))
    running->end({}, code, reason);
  for (auto& one : std::exchange(waiting_, {}))
    one->end({}, code, reason);
}

void interpreter_context::wake_in(std::chrono::steady_clock::duration time) {
  timer_.expires_after(time);
  timer_.async_wait([weak = weak_from_this(),
                     round = ++timer_round_](boost::system::error_code ec) {
    auto self = weak.lock();
    if (!ec && self && round == self->timer_round_)
      self->on_timer();
  });
}

void interpreter_context::on_timer() {
  if (state_ == condition::starting) {
    give_up_worker();
    return on_end("!it does not answer");
  }
  if (!current_)
    return;
  if (pressure_ == pressure::none)
    has_timed_out_ = true;
  press();
}

// Each time harder; the processes go when nothing else helps.
void interpreter_context::press() {
  if (pressure_ != pressure::asked_all) {
    bool again = pressure_ == pressure::asked;
    worker_->interrupt(again);
    pressure_ = again ? pressure::asked_all : pressure::asked;
    return wake_in(again ? last_patience : first_patience);
  }
  give_up_worker();
  current_->add_output(log_stream::err, restarted);
  finish("interrupted", ws_code::normal, {});
}

void interpreter_context::give_up_worker() {
  state_ = condition::idle;
  if (auto worker = std::exchange(worker_, nullptr))
    worker->leave(std::chrono::seconds{0}, [] {});
}

} // namespace varve::toolbox
