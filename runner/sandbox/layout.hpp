// Where everything of a server and of its sandboxes lies, by name. Names on
// the host carry the instance id of the data directory, so that two servers
// do not meet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/base/result.hpp"

namespace varve::runner {

// The name of a sandbox's control group; its id but for one that was claimed.
std::string group_of(const std::string& run_sandboxes, std::string_view id);

class layout {
 public:
  // Reads or makes the instance id in `data_dir`, which is made if missing.
  static result<layout> open(const std::string& data_dir,
                             const std::string& run_dir);

  const std::string& instance() const noexcept {
    return instance_;
  }
  const std::string& data() const noexcept {
    return data_;
  }

  std::string images() const {
    return data_ + "/images";
  }
  // What was pulled, see runner/images/image_store.hpp.
  std::string image_store() const {
    return data_ + "/image-store";
  }
  std::string layer(std::string_view hex) const {
    return image_store() + "/layers/" + std::string{hex};
  }
  std::string journal() const {
    return data_ + "/journal";
  }
  std::string archives() const {
    return data_ + "/archives";
  }
  // Images of disks that no sandbox has yet.
  std::string disks() const {
    return data_ + "/disks";
  }
  std::string sandboxes() const {
    return data_ + "/sandboxes";
  }
  std::string sandbox(std::string_view id) const {
    return sandboxes() + "/" + std::string{id};
  }

  // A tmpfs of this server's own, gone with the machine.
  const std::string& run() const noexcept {
    return run_;
  }
  std::string run_sandboxes() const {
    return run_ + "/sandboxes";
  }
  std::string run_sandbox(std::string_view id) const {
    return run_sandboxes() + "/" + std::string{id};
  }
  std::string socket(std::string_view id) const {
    return run_sandbox(id) + "/toolbox.sock";
  }
  // Where the OCI runtime keeps its state.
  std::string runtime_state() const {
    return run_ + "/runtime";
  }

  // A cgroup's path in every hierarchy.
  std::string cgroup() const {
    return "varve-" + instance_;
  }
  std::string cgroup(std::string_view id) const {
    return cgroup() + "/" + group_of(run_sandboxes(), id);
  }
  std::string firewall_table() const {
    return "varve_" + instance_;
  }
  std::string link_prefix() const {
    return "v" + instance_;
  }
  std::string link(std::uint32_t slot) const;

 private:
  std::string data_;
  std::string run_;
  std::string instance_;
};

// Control groups cannot be renamed everywhere: the one of a sandbox that waited
// keeps its name, and the sandbox's run-time directory says it.
result<void> keep_group(const std::string& run_sandbox, std::string_view group);

// Ids of what no sandbox of the log is bound to.
inline constexpr std::string_view warm_prefix = "warm-";
inline bool is_warm_id(std::string_view id) noexcept {
  return id.starts_with(warm_prefix);
}

// Ids become parts of paths and names: letters, digits, '-' and '_', at most
// 64 of them, the first a letter or digit.
bool is_safe_id(std::string_view id) noexcept;

} // namespace varve::runner
