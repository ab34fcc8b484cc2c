// From a registry to the image store.
#pragma once

#include <chrono>
#include <string>

#include "events/base/result.hpp"
#include "runner/images/image_store.hpp"
#include "runner/images/tool.hpp"

namespace varve::runner {

// How registries are reached: the formats of containers-registries.conf(5)
// (mirrors, `insecure`) and containers-auth.json(5). Empty: what the host has.
struct registry_access {
  std::string registries_conf;
  std::string auth_file;
  std::string skopeo = "/usr/bin/skopeo";
  std::string unpack_path; // varve-unpack
};

struct resolved_image {
  std::string digest; // of the manifest for this machine
  std::uint64_t size_bytes = 0;
};

// "debian:12", "host:5000/a/b@sha256:...": what may follow "docker://". No
// options, no other transports.
bool is_image_name(std::string_view name) noexcept;
// The name of just this content.
std::string with_digest(std::string_view name, std::string_view digest);

// One pull. Blocks; any thread.
class puller {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  // `id` names the log that is written.
  puller(image_store& store, const registry_access& access, std::string id,
         time_point until, int cancel)
      : store_(store), access_(access), id_(std::move(id)), until_(until),
        cancel_(cancel) {
    // nop
  }

  // Errors: not_found and unsupported, with words for whoever asked for the
  // image; else as run_tool has them.
  result<resolved_image> resolve(const std::string& name);

  // The image is in the store when this succeeds, whoever pulled it.
  result<image> pull(const std::string& name, const std::string& digest);

 private:
  tool_run skopeo(std::vector<std::string> arguments) const;
  result<std::string> raw_manifest(const std::string& name);
  result<void> fetch(const std::string& name, const std::string& digest,
                     const std::string& work);
  result<image> unpack(const std::string& name, const std::string& digest,
                       const std::string& work);
  result<std::uint64_t> unpack_layer(const std::string& digest,
                                     const std::string& diff_id);
  result<void> check_room(std::uint64_t bytes) const;

  image_store& store_;
  const registry_access& access_;
  std::string id_;
  time_point until_;
  int cancel_;
};

} // namespace varve::runner
