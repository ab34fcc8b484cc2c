// Images that were pulled, below <data>/image-store:
//
//   blobs/sha256/<hex>      as registries have them
//   layers/<hex>            one unpacked layer, by its content (diff id)
//   images/<ref>.json       layers, user, env, ...; written last. The ref is
//                           "sha256-<hex>" of the manifest
//   builds/<hex>            the ref of the image that was built of all that hex
//                           is the digest of
//   spaces/                 see runner/builder/build_space.hpp
//   holds/<snapshot id>     the ref of the image that a snapshot needs
//   logs/<id>               what was said while pulling for a snapshot or
//                           sandbox
//   work/                   whatever is being made; emptied at every start
//
// All but work/ and logs/ is whole or absent: made in work/, synced, renamed.
// An image stays while a hold or a sandbox's record names it, and for a day
// after it was last asked for.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "events/base/result.hpp"
#include "runner/images/manifest.hpp"
#include "runner/sandbox/image.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

struct image_limits {
  std::uint64_t bytes = 64ull << 30;     // of an image's layers, unpacked
  std::uint64_t entries = 4'000'000;     // of one layer
  std::chrono::hours unused_for{24};     // then it may go
  std::uint64_t free_bytes = 1ull << 30; // that a pull leaves on the disk
};

// Any thread.
class image_store {
 public:
  // Removes what an earlier process left half made.
  static result<std::unique_ptr<image_store>> open(const layout& where,
                                                   image_limits limits = {});

  static std::string ref_of(std::string_view digest) {
    return "sha256-" + std::string{hex_of(digest)};
  }
  bool has_image(std::string_view ref) const;
  result<image> find(const std::string& ref) const {
    return load_image(where_, ref);
  }
  bool has_layer(std::string_view diff_id) const;
  std::string layer(std::string_view diff_id) const;
  std::string blob(std::string_view digest) const;
  std::string blobs() const {
    return root_ + "/blobs";
  }
  // A new directory of the caller's; whoever is killed leaves it to the next
  // start.
  result<std::string> make_work(std::string_view name);

  // What lies in `made` becomes this layer; one that is there already stays.
  result<void> put_layer(std::string_view diff_id, const std::string& made);
  // From here on sandboxes can be made of it.
  result<void> put_image(const image& what,
                         const std::vector<std::string>& diff_ids);

  result<void> hold(std::string_view snapshot_id, std::string_view ref);
  result<void> release(std::string_view snapshot_id);
  // What was built of all that `key` is the digest of; empty when nothing was,
  // or it went.
  std::string built_of(std::string_view key) const;
  result<void> put_build(std::string_view key, std::string_view ref);

  // It was asked for just now.
  void touch(std::string_view ref);
  // What else names images, asked whenever unused ones are removed; an error
  // of it keeps them all. Before the store is used.
  using namer = std::function<result<std::vector<std::string>>()>;
  void ask_too(namer who) {
    also_named_ = std::move(who);
  }

  // While one of these lives nothing is collected: from before an image is
  // looked for until a hold or a sandbox's record names it.
  std::shared_lock<std::shared_mutex> keep_all() const {
    return std::shared_lock{collecting_};
  }
  // Removes what nothing needs.
  result<void> collect();

  // One at a time per name, so that what several need is made once.
  class turn;
  turn wait_for_turn(const std::string& name);

  void note(std::string_view id, std::string_view line);
  // Another begins to listen: what was said so far is said to it, too.
  void copy_log(std::string_view from, std::string_view to);
  // At most `most` bytes of a log from `from` on; not_found when there is none.
  result<std::string> read_log(std::string_view id, std::uint64_t from,
                               std::size_t most) const;

  const image_limits& limits() const noexcept {
    return limits_;
  }

 private:
  image_store(const layout& where, image_limits limits);

  std::string image_file(std::string_view ref) const;
  result<void> drop_unused_images(std::vector<std::string>& kept_layers);
  result<std::vector<std::string>>
  set_aside(const std::vector<std::string>& kept_layers);
  static void drop_old_files(const std::string& folder, std::chrono::hours age);

  const layout& where_;
  image_limits limits_;
  namer also_named_;
  std::string root_;
  mutable std::shared_mutex collecting_;
  std::mutex guard_;
  std::map<std::string, std::shared_ptr<std::mutex>> turns_;
  std::uint64_t works_ = 0;
};

class image_store::turn {
 public:
  explicit turn(std::shared_ptr<std::mutex> of) : of_(std::move(of)) {
    held_ = std::unique_lock{*of_};
  }

 private:
  std::shared_ptr<std::mutex> of_;
  std::unique_lock<std::mutex> held_;
};

} // namespace varve::runner
