#include "runner/toolbox/sessions/process_tree.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include <boost/asio/steady_timer.hpp>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace varve::toolbox {

namespace {

constexpr auto look_every = std::chrono::milliseconds{50};
constexpr auto last_wait = std::chrono::seconds{5};

struct process {
  pid_t parent = 0;
  pid_t session = 0;
};

// Of "pid (name) state ppid pgrp session ...", where the name may hold
// anything. Those that have ended and wait to be collected do not count.
bool parse_stat(char* text, process& out) {
  char* name_end = std::strrchr(text, ')');
  char state = 0;
  int parent = 0;
  int group = 0;
  int session = 0;
  if (name_end == nullptr
      || std::sscanf(name_end + 1, " %c %d %d %d", &state, &parent, &group,
                     &session)
             != 4
      || state == 'Z' || state == 'X')
    return false;
  out = {parent, session};
  return true;
}

bool read_stat(int proc, const char* pid, process& out) {
  std::string path{pid};
  path += "/stat";
  int fd = ::openat(proc, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  char text[512];
  auto n = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (n <= 0)
    return false;
  text[n] = '\0';
  return parse_stat(text, out);
}

std::map<pid_t, process> all_processes() {
  std::map<pid_t, process> out;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr)
    return out;
  while (const auto* entry = ::readdir(folder)) {
    const char* end = entry->d_name + std::strlen(entry->d_name);
    pid_t pid = 0;
    auto [rest, ec] = std::from_chars(entry->d_name, end, pid);
    process found;
    if (ec == std::errc{} && rest == end
        && read_stat(::dirfd(folder), entry->d_name, found))
      out[pid] = found;
  }
  ::closedir(folder);
  return out;
}

bool descends(const std::map<pid_t, process>& all, pid_t pid, pid_t leader) {
  // Bounded: pids may be used again while the list is read.
  for (int depth = 0; depth < 1000; ++depth) {
    auto found = all.find(pid);
    if (found == all.end())
      return false;
    if (found->second.session == leader || found->second.parent == leader)
      return true;
    pid = found->second.parent;
  }
  return false;
}

class ending : public std::enable_shared_from_this<ending> {
 public:
  ending(runtime& rt, pid_t leader, std::function<bool()> leader_lives,
         std::function<void()> done)
      : leader_{leader}, leader_lives_{std::move(leader_lives)},
        done_{std::move(done)}, timer_{rt.io} {
    // nop
  }

  void begin(std::chrono::seconds grace) {
    kill_at_ = std::chrono::steady_clock::now() + grace;
    step();
  }

 private:
  void step() {
    auto now = std::chrono::steady_clock::now();
    auto members = process_tree(leader_);
    bool kills = now >= kill_at_;
    for (auto pid : members)
      ::kill(pid, kills ? SIGKILL : SIGTERM);
    // While it lives, orphans come to it and are found; so it goes last.
    if (members.empty() && leader_lives_())
      ::kill(leader_, kills || asked_ > 20 ? SIGKILL : SIGTERM);
    asked_ += members.empty() ? 1 : 0;
    if ((members.empty() && !leader_lives_()) || now >= kill_at_ + last_wait)
      return done_();
    timer_.expires_after(look_every);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code) {
      self->step();
    });
  }

  pid_t leader_;
  std::function<bool()> leader_lives_;
  std::function<void()> done_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point kill_at_;
  unsigned asked_ = 0;
};

} // namespace

std::vector<pid_t> process_tree(pid_t leader) {
  auto all = all_processes();
  std::vector<pid_t> out;
  for (const auto& [pid, what] : all)
    if (pid != leader && pid != ::getpid() && descends(all, pid, leader))
      out.push_back(pid);
  return out;
}

void end_tree(runtime& rt, pid_t leader, std::chrono::seconds grace,
              std::function<bool()> leader_lives, std::function<void()> done) {
  std::make_shared<ending>(rt, leader, std::move(leader_lives), std::move(done))
      ->begin(grace);
}

} // namespace varve::toolbox
