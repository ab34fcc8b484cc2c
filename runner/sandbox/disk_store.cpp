#include "runner/sandbox/disk_store.hpp"

#include <algorithm>
#include <cstdio>

#include <sys/resource.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "runner/kernel/detached_mount.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/project_quota.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/sparse_copy.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/sandbox/disk_image.hpp"
#include "runner/sandbox/spare_room.hpp"

namespace varve::runner {

namespace {

// Of so many sizes images are kept ready.
constexpr std::size_t kept_sizes = 4;
// The project that quotas are tried out with: no sandbox's, whose are
// multiples of 65536.
constexpr std::uint32_t trial_project = 0x7f00'0001;
// With less on the host's disk nothing is made in advance.
constexpr std::uint64_t ample_bytes = 512ull << 20;
constexpr std::chrono::milliseconds fresh_limit{5000};
constexpr int low_priority = 10; // of -20 to 19
// A server that starts has other things to do; one is ready by then.
constexpr std::chrono::seconds start_rest{2};

std::string template_path(const layout& where, std::uint32_t gib) {
  return where.disks() + "/empty-" + std::to_string(gib) + ".img";
}

} // namespace

disk_store::disk_store(const layout& where) : where_(where) {
  // nop
}

disk_store::~disk_store() = default;

result<void> disk_store::choose(std::string_view wanted) {
  VARVE_CHECK(remove_tree(where_.disks()));
  std::string why;
  auto attempt = [&](disk_method method, auto&& probe) {
    if (wanted != "auto" && wanted != name_of(method))
      return false;
    result<void> tried = probe();
    if (tried)
      method_ = method;
    else
      why += (why.empty() ? "" : "; ") + std::string{name_of(method)} + ": "
             + tried.error().detail;
    return tried.has_value();
  };
  if (attempt(disk_method::quota, [&] {
        return try_project_quota(where_.data(), trial_project);
      })) {
    log_info("runner", "disks are limited by project quota");
    return ok();
  }
  if (attempt(disk_method::image, [&] { return try_images(); })) {
    log_info("runner", "disks are limited by image files"
                           + (why.empty() ? "" : " (" + why + ")"));
    return ok();
  }
  if (wanted != "none")
    return failure(errc::unsupported, "disks cannot be limited here: " + why
                                          + "; --disk-limit none does without");
  log_warning("runner",
              "disks are not limited: a sandbox can fill " + where_.data());
  return ok();
}

result<void> disk_store::try_images() {
  VARVE_CHECK(check_image_programs());
  VARVE_TRY(auto first, make_ready(default_gib));
  std::lock_guard lock{guard_};
  sizes_.push_back(default_gib);
  ready_[default_gib].push_back(std::move(first));
  return ok();
}

result<disk_store::ready> disk_store::make_ready(std::uint32_t gib) {
  VARVE_CHECK(make_directories(where_.disks(), 0700));
  auto empty = template_path(where_, gib);
  ready out;
  {
    std::lock_guard lock{guard_};
    out.path = where_.disks() + "/ready-" + std::to_string(++made_) + ".img";
  }
  if (!exists(empty)) {
    VARVE_CHECK(format_image(empty, out.path + ".new", bytes_of(gib)));
  }
  VARVE_CHECK(copy_sparse(empty, out.path));
  VARVE_TRY(out.mount, mount_image(out.path, fresh_limit));
  auto root = path_of(out.mount);
  // Whoever makes the first directory waits for the disk, once for each.
  for (const auto* name : {"/upper", "/work"}) {
    VARVE_CHECK(make_directory(root + name, 0755));
  }
  VARVE_CHECK(make_directory(root + "/etc", 0700));
  VARVE_CHECK(fill_spare(root));
  return out;
}

void disk_store::keep_ready(std::size_t count) {
  if (method_ != disk_method::image || count == 0)
    return;
  std::lock_guard lock{guard_};
  wanted_ = count;
  worker_ = std::jthread{[this](const std::stop_token& stop) { refill(stop); }};
}

void disk_store::note_size(std::uint32_t gib) {
  std::erase(sizes_, gib);
  sizes_.push_back(gib);
  has_failed_ = false;
  is_used_ = true;
  if (sizes_.size() <= kept_sizes)
    return;
  for (auto& unused : ready_[sizes_.front()]) {
    (void)remove_file(unused.path);
    closer_.let_go(std::move(unused.mount));
  }
  ready_.erase(sizes_.front());
  sizes_.erase(sizes_.begin());
}

// A size of which there are not enough; 0 = none.
std::uint32_t disk_store::lacking() const {
  if (has_failed_)
    return 0;
  for (auto size = sizes_.rbegin(); size != sizes_.rend(); ++size) {
    auto found = ready_.find(*size);
    if (found == ready_.end() || found->second.size() < wanted_)
      return *size;
  }
  return 0;
}

// It must not take time from what somebody waits for, nor must what it starts.
void disk_store::refill(const std::stop_token& stop) {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), low_priority);
  std::unique_lock lock{guard_};
  changed_.wait_for(lock, stop, start_rest, [this] { return is_used_; });
  while (changed_.wait(lock, stop, [this] { return lacking() != 0; })) {
    auto gib = lacking();
    lock.unlock();
    auto made = free_bytes(where_.data()) < ample_bytes
                    ? result<ready>{error{errc::log_full, "little room"}}
                    : make_ready(gib);
    lock.lock();
    if (made && std::count(sizes_.begin(), sizes_.end(), gib) == 0) {
      // Nobody asks for it any more.
      (void)remove_file(made.value().path);
      closer_.let_go(std::move(made.value().mount));
      continue;
    }
    if (made) {
      ready_[gib].push_back(std::move(made.value()));
      continue;
    }
    has_failed_ = true;
    log_warning("runner",
                "no disks are made in advance: " + made.error().detail);
  }
}

result<unique_fd> disk_store::take(const std::string& to, std::uint32_t gib) {
  ready one;
  {
    std::lock_guard lock{guard_};
    note_size(gib);
    auto& those = ready_[gib];
    if (!those.empty()) {
      one = std::move(those.back());
      those.pop_back();
    }
  }
  changed_.notify_one();
  if (!one.mount) {
    VARVE_TRY(one, make_ready(gib));
  }
  if (std::rename(one.path.c_str(), to.c_str()) != 0)
    return last_error("rename " + one.path);
  return std::move(one.mount);
}

result<writable_layer> disk_store::make(const std::string& id,
                                        std::uint32_t gib,
                                        std::uint32_t project) {
  VARVE_CHECK(make_directories(where_.sandboxes(), 0711));
  VARVE_CHECK(make_directory(where_.sandbox(id), 0711));
  unique_fd mount;
  if (method_ == disk_method::image && !exists(image_path(where_, id))) {
    VARVE_TRY(mount, take(image_path(where_, id), gib));
  }
  if (method_ == disk_method::quota) {
    auto root = layer_root(where_, id, method_, "");
    VARVE_CHECK(make_directory(root, 0711));
    VARVE_CHECK(set_project(root, project));
  }
  VARVE_TRY(auto layer,
            writable_layer::prepare(where_, id, method_, std::move(mount)));
  VARVE_CHECK(take_spare(layer, {gib, project}));
  return layer;
}

} // namespace varve::runner
