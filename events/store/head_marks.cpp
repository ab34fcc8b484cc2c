#include "events/store/head_marks.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace varve::log {

namespace {

error from_errno(const std::string& path) {
  return error{errc::io, path + ": " + std::strerror(errno)};
}

} // namespace

result<std::unique_ptr<head_marks>> head_marks::open(const std::string& path) {
  static_assert(sizeof(slot) == 64);
  auto fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    return from_errno(path);
  // Allocated, since a write to a hole of a full disk would end the process.
  errno = ::posix_fallocate(fd, 0, sizeof(slots));
  void* mapped = MAP_FAILED;
  if (errno == 0)
    mapped = ::mmap(nullptr, sizeof(slots), PROT_READ | PROT_WRITE, MAP_SHARED,
                    fd, 0);
  auto cause = from_errno(path);
  ::close(fd);
  if (mapped == MAP_FAILED)
    return cause;
  return std::unique_ptr<head_marks>{
      new head_marks{static_cast<slots*>(mapped)}};
}

head_marks::~head_marks() {
  ::munmap(mapped_, sizeof(slots));
}

std::uint64_t head_marks::check_of(const slot& s) noexcept {
  auto hash =
      sha256(std::as_bytes(std::span{&s, 1}).first(offsetof(slot, check)));
  std::uint64_t out = 0;
  std::memcpy(&out, hash.data(), sizeof out);
  return out;
}

bool head_marks::is_whole(const slot& s) noexcept {
  return s.next_index != 0 && s.check == check_of(s);
}

chain_head head_marks::at(std::uint16_t partition) const noexcept {
  chain_head out;
  for (const auto& s : (*mapped_)[partition])
    if (is_whole(s) && s.next_index > out.next_index)
      out = {s.next_index, s.hash, s.epoch, s.time};
  return out;
}

void head_marks::set(std::uint16_t partition, const chain_head& head) noexcept {
  auto& pair = (*mapped_)[partition];
  auto older =
      !is_whole(pair[0])
              || (is_whole(pair[1]) && pair[0].next_index < pair[1].next_index)
          ? 0u
          : 1u;
  slot s{head.next_index, head.epoch, head.time, head.hash, 0};
  s.check = check_of(s);
  pair[older] = s;
}

} // namespace varve::log
