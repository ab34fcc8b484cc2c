// How this machine limits disks, and images of disks made before they are
// asked for: formatted and mounted, so that a create need not wait for it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "events/base/result.hpp"
#include "runner/sandbox/mount_closer.hpp"
#include "runner/sandbox/writable_layer.hpp"

namespace varve::runner {

// Any thread.
class disk_store {
 public:
  // Sandboxes have this much where their owner does not say.
  static constexpr std::uint32_t default_gib = 3;

  explicit disk_store(const layout& where);
  ~disk_store();

  // Tries what the host offers, and says so in the log. `wanted` is "auto",
  // "quota", "image" or "none"; unsupported with the reasons when it cannot
  // be had. Only for who has the journal: what earlier servers left is
  // removed.
  result<void> choose(std::string_view wanted);

  // From here on as many images are ready for each size that was asked for of
  // late.
  void keep_ready(std::size_t count);

  // "none" until chosen.
  disk_method method() const noexcept {
    return method_;
  }

  // The disk of a new sandbox, with nothing on it. Its directory is made.
  // Repeating it finds what an earlier call made.
  result<writable_layer> make(const std::string& id, std::uint32_t gib,
                              std::uint32_t project);

  // Of a sandbox that stops.
  void let_go(unique_fd mount) {
    closer_.let_go(std::move(mount));
  }

 private:
  struct ready {
    std::string path;
    unique_fd mount;
  };

  result<void> try_images();
  result<ready> make_ready(std::uint32_t gib);
  result<unique_fd> take(const std::string& to, std::uint32_t gib);
  void note_size(std::uint32_t gib);
  std::uint32_t lacking() const;
  void refill(const std::stop_token& stop);

  const layout where_;
  disk_method method_ = disk_method::none;
  mutable std::mutex guard_; // of everything below
  std::condition_variable_any changed_;
  std::size_t wanted_ = 0;
  std::uint64_t made_ = 0;
  bool has_failed_ = false;          // until the next is taken
  bool is_used_ = false;             // one was taken
  std::vector<std::uint32_t> sizes_; // most recently used last
  std::map<std::uint32_t, std::vector<ready>> ready_;
  mount_closer closer_;
  std::jthread worker_;
};

} // namespace varve::runner
