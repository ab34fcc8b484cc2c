#include "runner/kernel/project_quota.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

constexpr unsigned subcommand_shift = 8;
constexpr unsigned set_command = Q_SETQUOTA << subcommand_shift | PRJQUOTA;
constexpr unsigned get_command = Q_GETQUOTA << subcommand_shift | PRJQUOTA;
constexpr std::size_t trial_bytes = 64 << 10;

result<unique_fd> open_directory(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd)
    return last_error("open " + path);
  return fd;
}

result<void> quota_call(const std::string& directory, unsigned command,
                        std::uint32_t project, if_dqblk& block) {
  VARVE_TRY(auto fd, open_directory(directory));
  if (::syscall(SYS_quotactl_fd, fd.get(), command, project, &block) != 0)
    return last_error("project quota of " + directory);
  return ok();
}

// Who may go past quotas would not notice that they hold. For the calling
// thread, while it lives.
class without_privilege {
 public:
  without_privilege() {
    ::syscall(SYS_capget, &header_, before_);
    __user_cap_data_struct now[2] = {before_[0], before_[1]};
    now[CAP_SYS_RESOURCE / 32].effective &= ~(1u << CAP_SYS_RESOURCE % 32);
    ::syscall(SYS_capset, &header_, now);
  }
  ~without_privilege() {
    ::syscall(SYS_capset, &header_, before_);
  }
  without_privilege(const without_privilege&) = delete;
  without_privilege& operator=(const without_privilege&) = delete;

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[2]{};
};

result<void> try_in(const std::string& directory, std::uint32_t project) {
  VARVE_CHECK(set_project(directory, project));
  VARVE_CHECK(limit_project(directory, project, {trial_bytes, 16}));
  result<void> written = ok();
  {
    without_privilege restricted;
    written = write_file(directory + "/trial",
                         std::string(4 * trial_bytes, 'x'), 0600);
  }
  auto cleared = limit_project(directory, project, {});
  if (written)
    return failure(errc::unsupported, "project quota is not enforced");
  return cleared;
}

} // namespace

result<void> set_project(const std::string& directory, std::uint32_t project) {
  VARVE_TRY(auto fd, open_directory(directory));
  fsxattr attributes{};
  if (::ioctl(fd.get(), FS_IOC_FSGETXATTR, &attributes) != 0)
    return last_error("attributes of " + directory);
  attributes.fsx_projid = project;
  attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  if (::ioctl(fd.get(), FS_IOC_FSSETXATTR, &attributes) != 0)
    return last_error("project of " + directory);
  return ok();
}

result<void> limit_project(const std::string& directory, std::uint32_t project,
                           const quota_amounts& limit) {
  if_dqblk block{};
  block.dqb_bhardlimit = limit.bytes / QIF_DQBLKSIZE;
  block.dqb_ihardlimit = limit.files;
  block.dqb_valid = QIF_LIMITS;
  return quota_call(directory, set_command, project, block);
}

result<quota_amounts> used_by_project(const std::string& directory,
                                      std::uint32_t project) {
  if_dqblk block{};
  VARVE_CHECK(quota_call(directory, get_command, project, block));
  return quota_amounts{block.dqb_curspace, block.dqb_curinodes};
}

result<void> try_project_quota(const std::string& directory,
                               std::uint32_t project) {
  auto trial = directory + "/.quota-trial";
  VARVE_CHECK(remove_tree(trial));
  VARVE_CHECK(make_directory(trial, 0700));
  auto tried = try_in(trial, project);
  auto removed = remove_tree(trial);
  if (!tried)
    return error{errc::unsupported, tried.error().detail};
  return removed;
}

} // namespace varve::runner
