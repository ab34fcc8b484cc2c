#include "gateway/api/open_creates.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace varve::gateway {

namespace {

auto io_failure(const std::string& file) {
  return failure(errc::io, file + ": " + std::strerror(errno));
}

template <std::size_t Size>
bool put(std::array<char, Size>& into, const std::string& text) noexcept {
  if (text.size() >= Size)
    return false;
  into.fill(0);
  std::memcpy(into.data(), text.data(), text.size());
  return true;
}

template <std::size_t Size>
std::string text_in(const std::array<char, Size>& from) {
  return {from.data(), ::strnlen(from.data(), Size)};
}

} // namespace

open_creates::~open_creates() {
  if (slots_ != nullptr)
    ::munmap(slots_, slot_count * sizeof(slot));
}

result<std::vector<open_creates::entry>>
open_creates::open(const std::string& file) {
  auto size = slot_count * sizeof(slot);
  auto fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                   S_IRUSR | S_IWUSR);
  if (fd < 0)
    return io_failure(file);
  void* at = MAP_FAILED;
  // Allocated at once: a mapped page without room behind it kills who writes.
  if (errno = ::posix_fallocate(fd, 0, static_cast<off_t>(size)); errno == 0)
    at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    auto problem = io_failure(file);
    ::close(fd);
    return problem;
  }
  ::close(fd);
  std::lock_guard lock{mutex_};
  slots_ = static_cast<slot*>(at);
  return left_here();
}

std::vector<open_creates::entry> open_creates::left_here() {
  std::vector<entry> out;
  for (auto i = slot_count; i-- > 0;) {
    if (slots_[i].is_used == 0) {
      free_.push_back(i);
      continue;
    }
    out.push_back(
        {text_in(slots_[i].organization_id), text_in(slots_[i].sandbox_id)});
    used_[out.back().sandbox_id] = i;
  }
  return out;
}

void open_creates::begin(const std::string& organization_id,
                         const std::string& sandbox_id) {
  std::lock_guard lock{mutex_};
  if (free_.empty() || used_.contains(sandbox_id))
    return;
  auto& to = slots_[free_.back()];
  if (!put(to.organization_id, organization_id)
      || !put(to.sandbox_id, sandbox_id))
    return;
  std::atomic_ref{to.is_used}.store(1, std::memory_order_release);
  used_[sandbox_id] = free_.back();
  free_.pop_back();
}

void open_creates::settle(const std::string& sandbox_id) {
  std::lock_guard lock{mutex_};
  auto found = used_.find(sandbox_id);
  if (found == used_.end())
    return;
  std::atomic_ref{slots_[found->second].is_used}.store(
      0, std::memory_order_release);
  free_.push_back(found->second);
  used_.erase(found);
}

} // namespace varve::gateway
