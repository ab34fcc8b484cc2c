#include "runner/toolbox/lsp/keeper.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/lsp/lsp_queries.hpp"
#include "runner/toolbox/passed_descriptor.hpp"
#include "runner/toolbox/pipe_ends.hpp"
#include "runner/toolbox/sessions/process_tree.hpp"
#include "runner/toolbox/spawn.hpp"

namespace varve::toolbox {

namespace {

using std::chrono::steady_clock;

constexpr auto initialize_time = std::chrono::seconds{60};
constexpr auto last_answers_time = std::chrono::seconds{2};
constexpr int ending_steps = 20;
constexpr useconds_t ending_step = 10'000;
constexpr std::size_t trouble_limit = 2 << 10;

// Symbols are asked for flat, so that each says where it is.
constexpr std::string_view capabilities =
    R"({"textDocument":{"synchronization":{"dynamicRegistration":false},)"
    R"("completion":{"contextSupport":true,"completionItem":{)"
    R"("snippetSupport":false,"documentationFormat":["markdown","plaintext"]}},)"
    R"("documentSymbol":{"hierarchicalDocumentSymbolSupport":false}},)"
    R"("workspace":{"symbol":{"dynamicRegistration":false},)"
    R"("workspaceFolders":true}})";

void tell_trouble(std::string why) {
  if (why.size() > trouble_limit)
    why.erase(0, why.size() - trouble_limit);
  send_with_descriptor(child_channel, why, -1);
}

// A child's end interrupts ppoll, and nothing else.
void watch_children() {
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &one, nullptr);
  ::signal(SIGCHLD, [](int) {});
}

void reset_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGCHLD, SIG_DFL);
}

[[noreturn]] void become_server(const guest& g, const std::string& program,
                                const language& of, const std::string& project,
                                int in, int out, int err) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  reset_signals();
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::syscall(SYS_close_range, 3, ~0u, 0);
  if (::chdir(project.c_str()) != 0) [[maybe_unused]]
    auto elsewhere = ::chdir(g.workdir.c_str());
  std::vector<std::string> arguments{program};
  arguments.insert(arguments.end(), of.arguments.begin(), of.arguments.end());
  auto text = errno_text(execute_program(program, arguments, g.environment));
  [[maybe_unused]] auto told = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(127);
}

outcome<server_process> start_server(const guest& g, const language& of,
                                     const std::string& project) {
  auto path = variable(g.environment, "PATH");
  auto program = find_program(of.program, path);
  if (program.empty())
    return internal_failure(std::string{of.program}
                            + " was not found in PATH; install it in the "
                              "sandbox or its image: "
                            + std::string{of.installation});
  pipe_ends in, out, err;
  if (!in.open() || !out.open() || !err.open())
    return internal_failure("no descriptors are left");
  server_process made;
  made.pid = ::fork();
  if (made.pid < 0)
    return internal_failure("cannot start a process: " + errno_text(errno));
  if (made.pid == 0)
    become_server(g, program, of, project, in.read, out.write, err.write);
  made.in = in.release_write();
  made.out = out.release_read();
  made.err = err.release_read();
  for (int fd : {made.in, made.out, made.err})
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return made;
}

std::string initialize_params(const language& of, const std::string& project) {
  auto uri = json_string(file_uri(project));
  auto out = "{\"processId\":" + std::to_string(::getpid());
  out += ",\"clientInfo\":{\"name\":\"varve-toolbox\"},\"rootPath\":"
         + json_string(project) + ",\"rootUri\":" + uri;
  out += ",\"workspaceFolders\":[{\"uri\":" + uri + ",\"name\":"
         + json_string(project.substr(project.rfind('/') + 1)) + "}]";
  out += ",\"initializationOptions\":" + std::string{of.options};
  return out + ",\"capabilities\":" + std::string{capabilities} + "}";
}

// All of them, also those that have left the server's session.
void end_descendants() {
  for (int i = 0; i < ending_steps; ++i) {
    auto all = process_tree(::getpid());
    if (all.empty())
      return;
    for (auto pid : all)
      ::kill(pid, SIGKILL);
    ::usleep(ending_step);
  }
}

class keeper {
 public:
  keeper(const guest& g, const language& of, std::string project,
         const server_process& process)
      : language_{of}, project_{std::move(project)}, server_{process, answers_},
        queries_{server_, of, g.workdir, project_} {
    // nop
  }

  // Why there is nothing more to keep; empty: PID 1 has left.
  std::string serve() {
    auto begun =
        server_.ask("initialize", initialize_params(language_, project_),
                    steady_clock::now() + initialize_time);
    if (!begun && !server_.is_over())
      return begun.error().message;
    server_.tell("initialized", "{}");
    if (!server_.is_over())
      send_with_descriptor(child_channel, keeper_ready, -1);
    queries_.warm_up();
    while (!server_.is_over()) {
      server_.wait_for(child_channel);
      if (!server_.is_over() && !take_request())
        return {};
    }
    answers_.finish(last_answers_time);
    return ending();
  }

 private:
  // False when PID 1 has left.
  bool take_request() {
    std::string text(keeper_message_limit, '\0');
    int fd = -1;
    auto n =
        receive_with_descriptor(child_channel, text.data(), text.size(), fd);
    if (n < 0)
      return errno == EAGAIN || errno == EINTR;
    if (n == 0)
      return false;
    text.resize(static_cast<std::size_t>(n));
    if (fd < 0)
      return true;
    request rq;
    auto wanted = unpack_lsp_request(text, rq);
    auto done = wanted ? queries_.answer(wanted.value()) : wanted.error();
    if (!done && server_.is_over())
      done = internal_failure("the language server has ended: " + ending());
    auto what =
        done ? std::move(done.value()) : problem_response(done.error(), rq);
    answers_.add(fd, what, rq.keep_alive);
    return true;
  }

  // What to say of a server that is over.
  std::string ending() {
    auto status = server_.wait_status();
    std::string out{language_.program};
    if (!status)
      out += ": " + server_.trouble();
    else if (WIFEXITED(*status))
      out += " ended with exit code " + std::to_string(WEXITSTATUS(*status));
    else
      out += " was ended by signal " + std::to_string(WTERMSIG(*status));
    auto words = server_.last_words();
    return words.empty() ? out : out + "; it wrote: " + words;
  }

  const language& language_;
  std::string project_;
  answer_queue answers_;
  language_client server_;
  lsp_queries queries_;
};

} // namespace

int keep_language_server(const guest& g, const language& of,
                         const std::string& project,
                         const std::string& trouble) {
  // So that whoever ends this one finds all that came of it.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  watch_children();
  ::signal(SIGPIPE, SIG_IGN);
  if (!trouble.empty()) {
    tell_trouble(trouble);
    return 126;
  }
  auto started = start_server(g, of, project);
  if (!started) {
    tell_trouble(started.error().message);
    return 127;
  }
  auto why = keeper{g, of, project, started.value()}.serve();
  if (!why.empty())
    tell_trouble(why);
  end_descendants();
  return why.empty() ? 0 : 1;
}

} // namespace varve::toolbox
