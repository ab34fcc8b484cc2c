#include "runner/kernel/loop_device.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

// Others take free devices, too; each round another one is free.
constexpr int most_rounds = 64;
constexpr const char* block_devices = "/sys/block";

result<loop_device> open_loop(const std::string& name) {
  loop_device out;
  out.path = "/dev/" + name;
  out.fd.reset(::open(out.path.c_str(), O_RDWR | O_CLOEXEC));
  if (!out.fd)
    return last_error("open " + out.path);
  return out;
}

// Empty for what is no loop device or has no file.
std::string backing_file(const std::string& name) {
  auto text =
      read_file(std::string{block_devices} + "/" + name + "/loop/backing_file");
  if (!text)
    return {};
  return text.value().substr(0, text.value().find('\n'));
}

bool lies_over(const loop_device& device, const struct stat& file) {
  loop_info64 info{};
  return ::ioctl(device.fd.get(), LOOP_GET_STATUS64, &info) == 0
         && info.lo_inode == file.st_ino && info.lo_device == file.st_dev;
}

} // namespace

result<loop_device> attach_loop(int file) {
  unique_fd control{::open("/dev/loop-control", O_RDWR | O_CLOEXEC)};
  if (!control)
    return last_error("open /dev/loop-control");
  loop_config wanted{};
  wanted.fd = static_cast<std::uint32_t>(file);
  wanted.block_size = 4096;
  wanted.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  for (int i = 0; i < most_rounds; ++i) {
    auto number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0)
      return last_error("a free loop device");
    VARVE_TRY(auto device, open_loop("loop" + std::to_string(number)));
    if (::ioctl(device.fd.get(), LOOP_CONFIGURE, &wanted) == 0)
      return device;
    if (errno != EBUSY)
      return last_error("configure " + device.path);
  }
  return failure(errc::too_busy, "no loop device stays free");
}

result<loop_device> find_loop(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0)
    return last_error("stat " + path);
  VARVE_TRY(auto names, list_directory(block_devices));
  for (auto& name : names) {
    if (backing_file(name) != path)
      continue;
    auto device = open_loop(name);
    if (device && lies_over(device.value(), file))
      return device;
  }
  return failure(errc::not_found, "no loop device lies over " + path);
}

result<std::string> list_loops_below(const std::string& directory) {
  VARVE_TRY(auto names, list_directory(block_devices));
  std::string out;
  for (auto& name : names)
    if (auto file = backing_file(name); file.rfind(directory + "/", 0) == 0)
      out += (out.empty() ? "" : ", ") + file;
  return out;
}

} // namespace varve::runner
