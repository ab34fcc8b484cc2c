// From a registry to the image store.
#pragma once

#include <chrono>
#include <functional>
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
      : store_(store), access_(access), auth_file_(access.auth_file),
        until_(until), cancel_(cancel),
        say_([&store, id = std::move(id)](const std::string& line) {
          store.note(id, line);
        }) {
    // nop
  }

  // Instead of in a log.
  void say_to(std::function<void(const std::string&)> who) {
    say_ = std::move(who);
  }

  // Credentials instead of `registry_access::auth_file`.
  void log_in_with(std::string auth_file) {
    auth_file_ = std::move(auth_file);
  }

  // Errors: not_found and unsupported, with words for whoever asked for the
  // image; else as run_tool has them.
  result<resolved_image> resolve(const std::string& name);

  // The image is in the store when this succeeds, whoever pulled it.
  result<image> pull(const std::string& name, const std::string& digest);

  // too_large, log_full: there is no room for this many bytes.
  result<void> check_room(std::uint64_t bytes) const;

  // Makes `folder` an image layout (image "image") of this content, whose files
  // are the store's blobs and can be read by everybody who gets there.
  result<void> lay_out(const std::string& name, const std::string& digest,
                       const std::string& folder);
  // Unpacks the only image of a layout that nobody writes to any more, under
  // this name.
  result<image> take_layout(const std::string& name, const std::string& folder);

 private:
  tool_run skopeo(std::vector<std::string> arguments) const;
  result<std::string> raw_manifest(const std::string& name);
  result<void> fetch(const std::string& name, const std::string& digest,
                     const std::string& work);
  struct layout_parts;
  static result<layout_parts> read_layout(const std::string& folder,
                                          const std::string& blobs);
  result<image> unpack(const std::string& name, const std::string& digest,
                       const std::string& work, const std::string& blobs);
  result<std::uint64_t> unpack_layer(const std::string& blob,
                                     const std::string& digest,
                                     const std::string& diff_id);
  std::vector<std::string> with_login(const char* option,
                                      std::vector<std::string> more) const;
  image_store& store_;
  const registry_access& access_;
  std::string auth_file_;
  time_point until_;
  int cancel_;
  std::function<void(const std::string&)> say_;
};

} // namespace varve::runner
