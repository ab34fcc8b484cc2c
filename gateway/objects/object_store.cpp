#include "gateway/objects/object_store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/statvfs.h>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "gateway/objects/stored_file.hpp"

namespace varve::gateway {

namespace {

constexpr std::string_view context_name = "context.tar";

std::uint64_t free_below(const std::string& directory) noexcept {
  struct statvfs room {};
  if (::statvfs(directory.c_str(), &room) != 0)
    return 0;
  return static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize;
}

bool look(const std::string& path, struct stat& into) noexcept {
  return ::lstat(path.c_str(), &into) == 0 && S_ISREG(into.st_mode);
}

object_info info_of(object_key key, const struct stat& file) {
  return {std::move(key), static_cast<std::uint64_t>(file.st_size),
          written_at(file), etag_of(file)};
}

auto no_such_key() {
  return refusal_of(404, "NoSuchKey", "The specified key does not exist.");
}

} // namespace

// --- bytes on their way -----------------------------------------------------

incoming_object::~incoming_object() {
  if (path_.empty() || !file_)
    return;
  ::unlink(path_.c_str());
  if (is_counted_)
    store_->give_back(organization_, size_);
}

object_result<void> incoming_object::write(std::string_view bytes) {
  if (size_ + bytes.size() > store_->bounds_.object_bytes)
    return refusal_of(400, "EntityTooLarge",
                      "Your proposed upload exceeds the maximum allowed size");
  if (is_counted_) {
    BOOST_OUTCOME_TRYV(store_->take_room(organization_, bytes.size()));
  }
  size_ += bytes.size();
  return write_all(file_.get(), bytes);
}

// --- the directory ----------------------------------------------------------

object_store::object_store(std::string directory, const clock& time,
                           store_limits bounds)
    : directory_(std::move(directory)), time_(time), bounds_(bounds) {
  // nop
}

result<std::unique_ptr<object_store>> object_store::open(std::string directory,
                                                         const clock& time,
                                                         store_limits bounds) {
  std::unique_ptr<object_store> out{
      new object_store(std::move(directory), time, bounds)};
  VARVE_CHECK(out->load());
  return out;
}

result<void> object_store::load() {
  for (const auto* name : {"", "/.incoming", "/.uploads"})
    if (auto made = make_directory(directory_ + name); !made)
      return failure(errc::io, made.error().message);
  for (const auto& name : names_in(directory_ + "/.incoming"))
    ::unlink((directory_ + "/.incoming/" + name).c_str());
  for (const auto& organization : names_in(directory_))
    if (is_key_part(organization))
      count_files(organization);
  for (const auto& id : names_in(directory_ + "/.uploads")) {
    auto about = read_small_file(upload_path(id) + "/about", 1024);
    auto key = object_key::parse(about);
    if (!key) {
      remove_directory_of_files(upload_path(id));
      continue;
    }
    ++open_uploads_[key->organization];
    for (const auto& name : names_in(upload_path(id))) {
      struct stat file {};
      if (look(upload_path(id) + "/" + name, file))
        used_[key->organization] += static_cast<std::uint64_t>(file.st_size);
    }
  }
  return ok();
}

void object_store::count_files(const std::string& organization) {
  auto base = directory_ + "/" + organization;
  for (const auto& hash : names_in(base))
    for (const auto& name : names_in(base + "/" + hash)) {
      struct stat file {};
      if (look(base + "/" + hash + "/" + name, file))
        used_[organization] += static_cast<std::uint64_t>(file.st_size);
    }
}

std::string object_store::path_of(const object_key& key) const {
  return directory_ + "/" + key.text();
}

std::uint64_t object_store::used(const std::string& organization) const {
  std::lock_guard lock{mutex_};
  auto found = used_.find(organization);
  return found == used_.end() ? 0 : found->second;
}

object_result<void> object_store::take_room(const std::string& organization,
                                            std::uint64_t bytes) {
  if (free_below(directory_) < bounds_.free_bytes + bytes)
    return refusal_of(507, "InsufficientStorage",
                      "The server's disk is nearly full");
  std::lock_guard lock{mutex_};
  auto& used = used_[organization];
  if (used + bytes > bounds_.organization_bytes)
    return refusal_of(403, "QuotaExceeded",
                      "The organization's object storage is full");
  used += bytes;
  return ok();
}

void object_store::give_back(const std::string& organization,
                             std::uint64_t bytes) noexcept {
  std::lock_guard lock{mutex_};
  auto& used = used_[organization];
  used -= std::min(used, bytes);
}

// --- objects ----------------------------------------------------------------

object_result<incoming_object>
object_store::make_incoming(const std::string& organization) {
  auto path = directory_ + "/.incoming/" + uuid::v4().str();
  file_handle file{
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!file)
    return disk_error("create " + path);
  return incoming_object{*this, organization, std::move(path), std::move(file)};
}

object_result<incoming_object>
object_store::begin(const std::string& organization) {
  if (!is_key_part(organization))
    return refusal_of(400, "InvalidArgument", "No such organization");
  BOOST_OUTCOME_TRYV(take_room(organization, 0));
  return make_incoming(organization);
}

object_result<object_info>
object_store::put(incoming_object from, const object_key& key, bool only_new) {
  mark_written(from.file_.get(), time_.now());
  if (::fdatasync(from.file_.get()) != 0)
    return disk_error("sync an object");
  return place(from, key, only_new);
}

// The bytes are on the disk; now the name.
object_result<object_info> object_store::place(incoming_object& from,
                                               const object_key& key,
                                               bool only_new) {
  auto owner = directory_ + "/" + key.organization;
  auto folder = owner + "/" + key.hash;
  auto path = path_of(key);
  struct stat before {};
  struct stat file {};
  std::uint64_t replaced = 0;
  {
    // Nobody tidies the directories meanwhile.
    std::lock_guard lock{mutex_};
    BOOST_OUTCOME_TRY(auto new_owner, make_directory(owner));
    BOOST_OUTCOME_TRY(auto new_folder, make_directory(folder));
    if (look(path, before))
      replaced = static_cast<std::uint64_t>(before.st_size);
    if (only_new && before.st_nlink > 0)
      return refusal_of(412, "PreconditionFailed",
                        "There is such an object already");
    if (::rename(from.path_.c_str(), path.c_str()) != 0)
      return disk_error("rename to " + path);
    from.path_.clear();
    if (!from.is_counted_)
      used_[key.organization] += from.size_;
    auto& used = used_[key.organization];
    used -= std::min(used, replaced);
    BOOST_OUTCOME_TRYV(sync_directory(folder));
    if (new_folder) {
      BOOST_OUTCOME_TRYV(sync_directory(owner));
    }
    if (new_owner) {
      BOOST_OUTCOME_TRYV(sync_directory(directory_));
    }
  }
  if (::fstat(from.file_.get(), &file) != 0)
    return disk_error("look at an object");
  return info_of(key, file);
}

object_result<opened_object> object_store::get(const object_key& key) {
  auto path = path_of(key);
  file_handle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat about {};
  if (!file && errno != ENOENT)
    return disk_error("open " + path);
  if (!file || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return no_such_key();
  mark_used(path, time_.now());
  return opened_object{info_of(key, about), std::move(file)};
}

object_result<object_page> object_store::list(const std::string& organization,
                                              std::string_view prefix,
                                              std::string_view after,
                                              std::size_t most) {
  object_page out;
  auto base = directory_ + "/" + organization;
  auto hashes = names_in(base);
  std::sort(hashes.begin(), hashes.end());
  bool is_use = std::count(prefix.begin(), prefix.end(), '/') >= 2;
  for (const auto& hash : hashes) {
    auto folder = organization + "/" + hash + "/";
    if (!folder.starts_with(prefix.substr(0, folder.size())))
      continue;
    auto names = names_in(directory_ + "/" + folder);
    std::sort(names.begin(), names.end());
    for (const auto& name : names) {
      auto text = folder + name;
      auto key = object_key::parse(text);
      struct stat file {};
      if (!key || !text.starts_with(prefix) || text <= after
          || !look(directory_ + "/" + text, file))
        continue;
      if (out.items.size() == most) {
        out.has_more = true;
        return out;
      }
      if (is_use)
        mark_used(directory_ + "/" + text, time_.now());
      out.items.push_back(info_of(std::move(*key), file));
    }
  }
  return out;
}

result<std::optional<std::string>>
object_store::context(std::string_view organization, std::string_view hash) {
  if (!is_key_part(organization) || !is_key_part(hash))
    return failure(errc::invalid, "No such context");
  object_key key{std::string{organization}, std::string{hash},
                 std::string{context_name}};
  auto found = get(key);
  if (found)
    return std::optional{path_of(key)};
  if (found.error().status == 404)
    return std::optional<std::string>{};
  return failure(errc::io, found.error().message);
}

// --- what nobody needs ------------------------------------------------------

void object_store::clean() {
  clean_objects(time_.now());
  clean_uploads(time_.now());
}

void object_store::clean_objects(timestamp now) {
  auto patience = static_cast<timestamp>(
      std::chrono::milliseconds{bounds_.unused_time}.count());
  for (const auto& organization : names_in(directory_)) {
    if (!is_key_part(organization))
      continue;
    auto base = directory_ + "/" + organization;
    for (const auto& hash : names_in(base)) {
      auto folder = base + "/" + hash;
      std::lock_guard lock{mutex_};
      for (const auto& name : names_in(folder)) {
        struct stat file {};
        auto path = folder + "/" + name;
        if (!look(path, file) || used_at(file) + patience > now)
          continue;
        ::unlink(path.c_str());
        auto& used = used_[organization];
        used -= std::min(used, static_cast<std::uint64_t>(file.st_size));
      }
      ::rmdir(folder.c_str()); // when it is empty
    }
    std::lock_guard lock{mutex_};
    ::rmdir(base.c_str());
  }
}

} // namespace varve::gateway
