#include "runner/images/tool.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/kernel/process.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t most_complaint = 4096;
constexpr std::size_t longest_line = 1024;

std::vector<std::string> environment() {
  std::vector<std::string> out{"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                               "HOME=/nonexistent", "LC_ALL=C.UTF-8"};
  for (const auto* name :
       {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
        "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"})
    if (const auto* value = std::getenv(name))
      out.push_back(std::string{name} + "=" + value);
  return out;
}

// One of the two ways it speaks.
struct voice {
  unique_fd from;
  std::string kept;
  std::string line;
  bool ended = false;

  // False when it said nothing, or no more.
  bool hear(const tool_run& what, std::size_t most, bool keep_the_end) {
    char buffer[16 << 10];
    auto n = ::read(from.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR)
      return true;
    if (n <= 0) {
      ended = true;
      if (!line.empty() && what.on_line)
        what.on_line(line);
      return false;
    }
    auto size = static_cast<std::size_t>(n);
    kept.append(buffer, size);
    if (keep_the_end && kept.size() > most)
      kept.erase(0, kept.size() - most);
    if (what.on_line)
      pass_lines(what, {buffer, size});
    return true;
  }

  void pass_lines(const tool_run& what, std::string_view text) {
    for (auto c : text) {
      if (c != '\n' && c != '\r' && line.size() < longest_line) {
        line += c;
      } else if (!line.empty()) {
        what.on_line(line);
        line.clear();
      }
    }
  }
};

result<unique_fd> make_pipe(unique_fd& write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return last_error("pipe");
  write_end.reset(ends[1]);
  return unique_fd{ends[0]};
}

// Until it has closed both, or must end.
result<void> listen(const tool_run& what, voice& out, voice& err) {
  while (!out.ended || !err.ended) {
    auto left = std::chrono::duration_cast<milliseconds>(what.until
                                                         - steady_clock::now());
    if (left.count() <= 0)
      return failure(errc::timed_out, what.argv[0] + " did not end in time");
    std::array<pollfd, 3> waits{
        pollfd{out.ended ? -1 : out.from.get(), POLLIN, 0},
        pollfd{err.ended ? -1 : err.from.get(), POLLIN, 0},
        pollfd{what.cancel, POLLIN, 0}};
    auto n =
        ::poll(waits.data(), waits.size(),
               static_cast<int>(std::min<long long>(left.count(), 60'000)));
    if (n < 0 && errno != EINTR)
      return last_error("poll");
    if (n <= 0)
      continue;
    if (waits[2].revents != 0)
      return failure(errc::shutting_down, "the runner is shutting down");
    if (waits[0].revents != 0)
      out.hear(what, what.most_output, what.keeps_the_end);
    if (waits[1].revents != 0)
      err.hear(what, most_complaint, true);
    if (out.kept.size() > what.most_output)
      return failure(errc::too_large, what.argv[0] + " says too much");
  }
  return ok();
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  return text;
}

} // namespace

result<std::string> run_tool(const tool_run& what) {
  voice out, err;
  unique_fd out_end, err_end;
  VARVE_TRY(out.from, make_pipe(out_end));
  VARVE_TRY(err.from, make_pipe(err_end));
  std::vector<std::string> argv{"/bin/sh", "-c",
                                "exec 1>&3 2>&4 3>&- 4>&-; exec "
                                "/usr/bin/setpriv --pdeathsig KILL -- \"$@\"",
                                "sh"};
  argv.insert(argv.end(), what.argv.begin(), what.argv.end());
  VARVE_TRY(auto pid,
            spawn(argv, environment(), {out_end.get(), err_end.get()}));
  out_end.reset();
  err_end.reset();
  auto heard = listen(what, out, err);
  if (!heard)
    ::kill(-pid, SIGKILL); // a session of its own
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    // nop
  }
  if (!heard)
    return heard.error();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return failure(errc::runner_failed, trimmed(std::move(err.kept)));
  return std::move(out.kept);
}

} // namespace varve::runner
