#include "runner/toolbox/sessions/session.hpp"

#include <csignal>

#include <sys/prctl.h>
#include <sys/wait.h>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "runner/toolbox/sessions/process_tree.hpp"

namespace varve::toolbox {

namespace {

constexpr auto grace = std::chrono::seconds{5};
constexpr const char* never_ran = "the session ended before this command\n";

// As a shell tells of a command.
int shell_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : exit_code_of(status);
}

int become_entrypoint(const guest& g, const std::string& trouble) {
  const auto& command = g.config.entrypoint;
  std::string why = trouble;
  if (why.empty() && ::chdir(g.workdir.c_str()) != 0)
    why = "chdir " + g.workdir + ": " + errno_text(errno);
  auto program = find_program(command.front(), variable(g.environment, "PATH"));
  if (why.empty() && program.empty())
    why = command.front() + ": not found";
  if (why.empty())
    why = program + ": "
          + errno_text(execute_program(program, command, g.environment));
  auto text = "cannot start the entry point: " + why + "\n";
  [[maybe_unused]] auto n = ::write(STDERR_FILENO, text.data(), text.size());
  return 127;
}

} // namespace

std::shared_ptr<session_command> session::find(std::string_view command) const {
  for (const auto& one : commands_)
    if (one->id == command)
      return one;
  return nullptr;
}

void session::start_shell(const std::string& cwd) {
  // Children that detach themselves come to the shell, where `end` finds
  // them.
  launch(true, [this, &cwd](const std::string& trouble) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    return become_session_shell(rt_.sandbox, cwd, trouble);
  });
  if (state_ != condition::ended)
    send_script(std::string{shell_opening});
}

void session::start_entrypoint() {
  std::string text;
  for (const auto& word : rt_.sandbox.config.entrypoint)
    text += (text.empty() ? "" : " ") + shell_quoted(word);
  auto command = std::make_shared<session_command>(memory_, std::move(text));
  command->id = "entrypoint_command";
  commands_.push_back(command);
  current_ = latest_ = command;
  state_ = condition::running;
  launch(false, [this](const std::string& trouble) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    return become_entrypoint(rt_.sandbox, trouble);
  });
}

outcome<std::shared_ptr<session_command>>
session::run(std::string text, bool reads_input, bool echoes_input) {
  if (state_ == condition::ended || is_leaving_)
    return session_ended();
  if (waiting_.size() >= waiting_commands)
    return too_busy("too many commands wait in this session");
  auto size = text.size();
  auto command = std::make_shared<session_command>(memory_, std::move(text));
  while (!command->share.take(size))
    if (commands_.empty() || !commands_.front()->has_ended())
      return too_busy("too much is held in memory for other commands");
    else
      drop_oldest();
  while (commands_.size() >= kept_commands + waiting_.size()
         && commands_.front()->has_ended())
    drop_oldest();
  command->id = uuid::v4().str();
  command->reads_input = reads_input;
  command->echoes_input = echoes_input;
  commands_.push_back(command);
  waiting_.push_back(command);
  run_next();
  return command;
}

void session::drop_oldest() {
  if (latest_ == commands_.front())
    latest_.reset();
  commands_.pop_front();
}

void session::run_next() {
  if (state_ != condition::running || current_ || waiting_.empty())
    return;
  current_ = latest_ = waiting_.front();
  waiting_.pop_front();
  discard_input();
  send_script(shell_line(kind_, current_->text, current_->reads_input));
  send_input();
}

void session::finish_current(int exit_code) {
  for (auto* from : {&out_, &err_})
    if (latest_ && !from->unfinished.empty()) {
      latest_->log.append(from->which, from->unfinished);
      from->unfinished.clear();
    }
  if (!current_)
    return;
  auto command = std::exchange(current_, nullptr);
  command->exit_code = exit_code;
  command->unsent.clear();
  command->log.retire();
  command->changed.raise();
}

void session::on_exit(int status) {
  state_ = condition::ended;
  if (id_ == "entrypoint")
    log_info("toolbox", "the entry point has ended with code "
                            + std::to_string(exit_code_of(status)));
  drain();
  finish_current(shell_code(status));
  while (!waiting_.empty()) {
    auto command = waiting_.front();
    waiting_.pop_front();
    command->log.append(log_stream::err, never_ran);
    command->exit_code = -1;
    command->log.retire();
    command->changed.raise();
  }
  // Output of what it left behind is still read.
  script_.close();
  status_.close();
  input_.close();
  changed_.raise();
}

void session::fail(const std::string& why) {
  trouble_ = why;
  state_ = condition::ended;
  finish_current(-1);
}

outcome<void> session::give_input(session_command& to, std::string data) {
  if (to.has_ended())
    return problem{410, "COMMAND_ALREADY_COMPLETED",
                   "gone: command has already completed with exit code "
                       + std::to_string(*to.exit_code)};
  if (state_ == condition::ended)
    return session_ended();
  if (!to.reads_input)
    return conflict("the command was not started asynchronously and "
                    "reads no input");
  if (!data.ends_with('\n'))
    data += '\n';
  if (to.unsent.size() + data.size() > input_limit)
    return too_busy("the command has not taken its earlier input yet");
  if (to.echoes_input) {
    to.log.append(log_stream::out, data);
    to.changed.raise();
  }
  to.unsent += data;
  if (current_.get() == &to)
    send_input();
  return boost::outcome_v2::success();
}

void session::end(std::function<void()> done) {
  is_leaving_ = true;
  auto finished = [self = shared_from_this(), done = std::move(done)] {
    self->close_all();
    done();
  };
  if (pid_ < 0)
    return finished();
  auto lives = [self = shared_from_this()] {
    return self->state_ != condition::ended;
  };
  end_tree(rt_, pid_, grace, lives, std::move(finished));
}

} // namespace varve::toolbox
