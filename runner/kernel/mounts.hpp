// Mounts for one sandbox, made in a mount namespace that is its own: they end
// with its processes, so nothing of them can be left on the host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// A mount namespace of the calling process's own, from which nothing spreads;
// what the host unmounts is unmounted in it, too.
result<void> enter_private_mounts();

// A user namespace whose ids 0..65535 are `base`.. outside.
result<unique_fd> make_user_namespace(std::uint32_t base);

struct overlay {
  std::vector<std::string> lower; // the lowest first
  std::string upper;
  std::string work;
  std::string target;
  std::string places; // made for the mounts of several lower layers
};

// The lower layers seen through the ids of `user_namespace`, with the writable
// one over them, at `target`, which holds a single lower layer's mount on the
// way.
result<void> mount_overlay(const overlay& what, int user_namespace);

result<void> mount_tmpfs(const std::string& target, std::string_view options);
result<void> bind(const std::string& source, const std::string& target);

// A sysfs of the caller's network namespace.
result<void> mount_sysfs(const std::string& target);

// Everything at and below `target` becomes read-only.
result<void> make_read_only(const std::string& target);

// Detaches everything mounted at `target`; nothing mounted is fine.
void unmount(const std::string& target) noexcept;

} // namespace varve::runner
