#include "runner/sandbox/writable_layer.hpp"

#include "runner/kernel/detached_mount.hpp"
#include "runner/kernel/files.hpp"
#include "runner/sandbox/disk_image.hpp"
#include "runner/sandbox/sandbox_files.hpp"

namespace varve::runner {

namespace {

// The kernel writes back what the last mount held, which may be gigabytes.
constexpr std::chrono::milliseconds mount_limit{30'000};
constexpr std::chrono::milliseconds at_once{0};

result<unique_fd> mount_anyhow(const std::string& image) {
  auto first = mount_image(image, at_once);
  if (first || first.error().code != errc::too_busy)
    return first;
  auto again = mount_image_again(image);
  if (again || again.error().code != errc::not_found)
    return again;
  return mount_image(image, mount_limit); // its end was on the way
}

} // namespace

std::string image_path(const layout& where, const std::string& id) {
  return where.sandbox(id) + "/disk.img";
}

std::string layer_root(const layout& where, const std::string& id,
                       disk_method method, const std::string& mount_point) {
  switch (method) {
  case disk_method::image:
    return mount_point;
  case disk_method::quota:
    return where.sandbox(id) + "/layer";
  case disk_method::none:
    break;
  }
  return where.sandbox(id);
}

result<writable_layer> writable_layer::open(const layout& where,
                                            const std::string& id) {
  VARVE_TRY(auto record, read_sandbox_record(where, id));
  return prepare(where, id, record.disk);
}

result<writable_layer> writable_layer::prepare(const layout& where,
                                               const std::string& id,
                                               disk_method method,
                                               unique_fd mount) {
  if (method == disk_method::image && !mount) {
    VARVE_TRY(mount, mount_anyhow(image_path(where, id)));
  }
  writable_layer out;
  out.method_ = method;
  out.mount_ = std::move(mount);
  out.root_ = layer_root(where, id, method, path_of(out.mount_));
  return out;
}

} // namespace varve::runner
