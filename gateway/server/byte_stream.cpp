#include "gateway/server/byte_stream.hpp"

namespace varve::gateway {

std::int64_t steady_now() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

byte_stream::byte_stream(stream_registry& registry) : registry_(registry) {
  // nop
}

byte_stream::~byte_stream() {
  registry_.remove(this);
}

void byte_stream::close_from_outside() {
  run_on_strand([self = shared_from_this()] { self->close(); });
}

void byte_stream::close_if_overdue(std::int64_t now) {
  if (!is_overdue(now))
    return;
  // Looked at again on the strand: the operation may have ended meanwhile.
  run_on_strand([self = shared_from_this(), now] {
    if (self->is_overdue(now))
      self->close();
  });
}

bool byte_stream::is_overdue(std::int64_t now) const noexcept {
  auto read = read_until_.load();
  auto write = write_until_.load();
  return (read != 0 && read < now) || (write != 0 && write < now);
}

byte_stream::pending::pending(std::atomic<std::int64_t>& until,
                              std::chrono::milliseconds limit)
    : until_(until) {
  until_ = steady_now() + limit.count();
}

byte_stream::pending::~pending() {
  until_ = 0;
}

void stream_registry::add(const std::shared_ptr<byte_stream>& stream) {
  std::lock_guard lock{mutex_};
  open_.emplace(stream.get(), stream);
}

void stream_registry::remove(const byte_stream* stream) noexcept {
  std::lock_guard lock{mutex_};
  open_.erase(stream);
}

void stream_registry::close_overdue() {
  auto now = steady_now();
  for (const auto& s : all())
    s->close_if_overdue(now);
}

void stream_registry::close_idle() {
  for (const auto& s : all())
    if (s->is_idle())
      s->close_from_outside();
}

void stream_registry::close_all() {
  for (const auto& s : all())
    s->close_from_outside();
}

std::size_t stream_registry::size() const noexcept {
  std::lock_guard lock{mutex_};
  return open_.size();
}

std::vector<std::shared_ptr<byte_stream>> stream_registry::all() {
  std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<byte_stream>> out;
  out.reserve(open_.size());
  for (const auto& [key, weak] : open_)
    if (auto stream = weak.lock())
      out.push_back(std::move(stream));
  return out;
}

} // namespace varve::gateway
