#include "runner/sandbox/host_name.hpp"

#include <string_view>
#include <thread>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

result<void> set_uts_name(int pidfd, const std::string& name) {
  result<void> out = ok();
  // A thread of its own: it never comes back from that namespace.
  std::thread inside{[&] {
    if (::setns(pidfd, CLONE_NEWUTS) != 0)
      out = last_error("enter the sandbox's host name");
    else if (::sethostname(name.data(), name.size()) != 0)
      out = last_error("set the sandbox's host name");
  }};
  inside.join();
  return out;
}

// Whatever the image made of the path, it leads nowhere outside.
result<void> replace(int root, const char* path, std::string_view text) {
  open_how how{};
  how.flags = O_WRONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  unique_fd fd{
      static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how))};
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0)
    return last_error(std::string{"open the sandbox's "} + path);
  if (!S_ISREG(st.st_mode))
    return failure(errc::io, std::string{path} + " is no file");
  if (::ftruncate(fd.get(), 0) != 0
      || ::write(fd.get(), text.data(), text.size())
             != static_cast<ssize_t>(text.size()))
    return last_error(std::string{"write the sandbox's "} + path);
  return ok();
}

} // namespace

result<void> set_host_name(process_id pid_1, int pidfd, const std::string& name,
                           const std::string& address) {
  VARVE_CHECK(set_uts_name(pidfd, name));
  auto path = "/proc/" + std::to_string(pid_1.pid) + "/root";
  unique_fd root{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root)
    return last_error("open the sandbox's root");
  VARVE_CHECK(replace(root.get(), "etc/hostname", name + "\n"));
  return replace(root.get(), "etc/hosts",
                 "127.0.0.1\tlocalhost\n" + address + "\t" + name + "\n");
}

} // namespace varve::runner
