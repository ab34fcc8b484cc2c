// What clients upload for builds, as files below one directory:
//
//   <directory>/<organization>/<context hash>/<name>    whole objects
//   <directory>/.incoming/<id>                          not whole yet
//   <directory>/.uploads/<id>/<part number>             parts, and `about`
//
// An object comes to be by one rename after its bytes are on the disk. The
// time of a file's last access says when it was used last.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/clock.hpp"
#include "events/base/result.hpp"
#include "gateway/objects/checksum.hpp"
#include "gateway/objects/file_handle.hpp"
#include "gateway/objects/object_error.hpp"
#include "gateway/objects/object_key.hpp"

namespace varve::gateway {

struct store_limits {
  std::uint64_t object_bytes = 5ULL << 30;
  std::uint64_t organization_bytes = 50ULL << 30; // objects and parts
  std::uint64_t free_bytes = 1ULL << 30;          // to be left on the disk
  std::uint64_t part_bytes = 5ULL << 20; // at least, of all parts but the last
  std::uint32_t parts = 10'000;
  std::size_t uploads = 64;               // open, of one organization
  std::chrono::hours unused_time{7 * 24}; // until an object goes
  std::chrono::hours abandoned_time{24};  // until an upload goes
};

struct object_info {
  object_key key;
  std::uint64_t size = 0;
  timestamp modified_at = 0;
  std::string etag; // without quotes; no MD5, and it looks like none
};

class object_store;

// Bytes on their way into a file that is not an object yet. What is not
// committed goes with it. One thread at a time.
class incoming_object {
 public:
  incoming_object(incoming_object&&) noexcept = default;
  ~incoming_object();

  // EntityTooLarge, QuotaExceeded, InsufficientStorage, InternalError.
  object_result<void> write(std::string_view bytes);
  std::uint64_t size() const noexcept {
    return size_;
  }

 private:
  friend class object_store;
  incoming_object(object_store& store, std::string organization,
                  std::string path, file_handle file) noexcept
      : store_(&store), organization_(std::move(organization)),
        path_(std::move(path)), file_(std::move(file)) {
    // nop
  }

  object_store* store_;
  std::string organization_;
  std::string path_; // empty: committed
  file_handle file_;
  std::uint64_t size_ = 0;
  bool is_counted_ = true; // against the organization's bytes
};

struct named_part {
  std::uint32_t number = 0;
  std::string etag;
  std::optional<checksum> kind; // of `sum`
  std::string sum;              // raw bytes
};

struct opened_object {
  object_info info;
  file_handle file;
};

struct object_page {
  std::vector<object_info> items;
  bool has_more = false;
};

// Blocks on the disk: not for a gateway's own threads. Any other thread.
class object_store {
 public:
  // Makes the directory and removes what a crash left half done. io.
  static result<std::unique_ptr<object_store>>
  open(std::string directory, const clock& time, store_limits bounds = {});

  // --- objects ---

  object_result<incoming_object> begin(const std::string& organization);
  // Puts it in place of what is there. PreconditionFailed: there is one, and
  // `only_new`.
  object_result<object_info> put(incoming_object from, const object_key& key,
                                 bool only_new);
  // NoSuchKey. Counts as a use.
  object_result<opened_object> get(const object_key& key);
  // Those whose key begins with `prefix` and is above `after`, by key. Whoever
  // asks below one context hash uses what is found.
  object_result<object_page> list(const std::string& organization,
                                  std::string_view prefix,
                                  std::string_view after, std::size_t most);
  // The tar of a build context, for whoever builds; nothing when there is
  // none. A path that stays for days: asking counts as a use.
  result<std::optional<std::string>> context(std::string_view organization,
                                             std::string_view hash);

  // --- uploads in parts ---

  // The upload's id. SlowDown: too many are open.
  object_result<std::string> begin_upload(const object_key& key);
  // NoSuchUpload: it is none, or another key's.
  object_result<void> check_upload(const object_key& key,
                                   const std::string& upload_id);
  // The part's etag. In any order, and again.
  object_result<std::string> put_part(incoming_object from,
                                      const object_key& key,
                                      const std::string& upload_id,
                                      std::uint32_t number);
  // InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest. Repeated, it
  // answers what it answered.
  object_result<object_info> complete(const object_key& key,
                                      const std::string& upload_id,
                                      const std::vector<named_part>& parts,
                                      bool only_new);
  object_result<void> abort(const object_key& key,
                            const std::string& upload_id);

  // Removes what was not used, and uploads that were not gone on with, for
  // their time. Once an hour is enough.
  void clean();

  // Of one organization.
  std::uint64_t used(const std::string& organization) const;

 private:
  friend class incoming_object;
  object_store(std::string directory, const clock& time, store_limits bounds);

  result<void> load();
  void count_files(const std::string& organization);
  std::string path_of(const object_key& key) const;
  std::string upload_path(const std::string& upload_id) const;
  object_result<incoming_object> make_incoming(const std::string& organization);
  object_result<void> take_room(const std::string& organization,
                                std::uint64_t bytes);
  void give_back(const std::string& organization, std::uint64_t bytes) noexcept;
  object_result<object_info> place(incoming_object& from, const object_key& key,
                                   bool only_new);
  object_result<incoming_object> assemble(const object_key& key,
                                          const std::string& upload_id,
                                          const std::vector<named_part>& parts);
  object_result<void> append_part(incoming_object& to, const std::string& path,
                                  const named_part& part, bool is_last);
  void remove_upload(const std::string& upload_id,
                     const std::string& organization);
  void clean_objects(timestamp now);
  void clean_uploads(timestamp now);

  std::string directory_;
  const clock& time_;
  store_limits bounds_;
  mutable std::mutex mutex_; // names in the directory, and all below
  std::map<std::string, std::uint64_t> used_;
  std::map<std::string, std::size_t> open_uploads_; // by organization
  std::set<std::string> completing_;                // upload ids
  std::map<std::string, object_info> completed_;    // the last ones
};

} // namespace varve::gateway
