// Objects that come in parts.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>

#include "events/base/ids.hpp"
#include "gateway/objects/object_store.hpp"
#include "gateway/objects/stored_file.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t copied_at_once = 1024 * 1024;
constexpr std::size_t most_remembered = 1024;
constexpr std::size_t longest_about = 1024;

auto no_such_upload() {
  return refusal_of(404, "NoSuchUpload",
                    "The specified upload does not exist. It may have been "
                    "aborted or completed.");
}

auto invalid_part() {
  return refusal_of(400, "InvalidPart",
                    "One or more of the specified parts could not be found");
}

std::string part_path(const std::string& upload, std::uint32_t number) {
  return upload + "/" + std::to_string(number);
}

} // namespace

std::string object_store::upload_path(const std::string& upload_id) const {
  return directory_ + "/.uploads/" + upload_id;
}

object_result<std::string> object_store::begin_upload(const object_key& key) {
  BOOST_OUTCOME_TRYV(take_room(key.organization, 0));
  {
    std::lock_guard lock{mutex_};
    auto& open = open_uploads_[key.organization];
    if (open >= bounds_.uploads)
      return refusal_of(503, "SlowDown",
                        "Too many uploads are open; complete or abort some");
    ++open;
  }
  auto id = uuid::v4().str();
  auto path = upload_path(id);
  auto made = make_directory(path);
  auto told = made ? write_small_file(path + "/about", key.text())
                   : object_result<void>{made.error()};
  if (told)
    told = sync_directory(path);
  if (told)
    return id;
  remove_directory_of_files(path);
  std::lock_guard lock{mutex_};
  --open_uploads_[key.organization];
  return told.error();
}

object_result<void> object_store::check_upload(const object_key& key,
                                               const std::string& upload_id) {
  if (!is_uuid(upload_id)
      || read_small_file(upload_path(upload_id) + "/about", longest_about)
             != key.text())
    return no_such_upload();
  return ok();
}

object_result<std::string> object_store::put_part(incoming_object from,
                                                  const object_key& key,
                                                  const std::string& upload_id,
                                                  std::uint32_t number) {
  if (number < 1 || number > bounds_.parts)
    return refusal_of(400, "InvalidArgument",
                      "Part number must be an integer between 1 and "
                          + std::to_string(bounds_.parts));
  BOOST_OUTCOME_TRYV(check_upload(key, upload_id));
  mark_written(from.file_.get(), time_.now());
  if (::fdatasync(from.file_.get()) != 0)
    return disk_error("sync a part");
  auto path = part_path(upload_path(upload_id), number);
  struct stat before {};
  struct stat file {};
  std::lock_guard lock{mutex_};
  if (completing_.contains(upload_id))
    return no_such_upload();
  std::uint64_t replaced = 0;
  if (::lstat(path.c_str(), &before) == 0)
    replaced = static_cast<std::uint64_t>(before.st_size);
  if (::rename(from.path_.c_str(), path.c_str()) != 0) {
    if (errno == ENOENT)
      return no_such_upload();
    return disk_error("rename to " + path);
  }
  from.path_.clear();
  auto& used = used_[key.organization];
  used -= std::min(used, replaced);
  if (::fstat(from.file_.get(), &file) != 0)
    return disk_error("look at a part");
  return etag_of(file);
}

object_result<object_info>
object_store::complete(const object_key& key, const std::string& upload_id,
                       const std::vector<named_part>& parts, bool only_new) {
  {
    std::lock_guard lock{mutex_};
    auto done = completed_.find(upload_id);
    if (done != completed_.end() && done->second.key == key)
      return done->second;
  }
  BOOST_OUTCOME_TRYV(check_upload(key, upload_id));
  {
    std::lock_guard lock{mutex_};
    if (!completing_.insert(upload_id).second)
      return refusal_of(503, "SlowDown", "The upload is being completed");
  }
  auto whole = assemble(key, upload_id, parts);
  object_result<object_info> out =
      whole ? put(std::move(whole.value()), key, only_new)
            : object_result<object_info>{whole.error()};
  if (out)
    remove_upload(upload_id, key.organization);
  std::lock_guard lock{mutex_};
  completing_.erase(upload_id);
  if (out) {
    if (completed_.size() >= most_remembered)
      completed_.clear();
    completed_.emplace(upload_id, out.value());
  }
  return out;
}

object_result<incoming_object>
object_store::assemble(const object_key& key, const std::string& upload_id,
                       const std::vector<named_part>& parts) {
  if (parts.empty() || parts.size() > bounds_.parts)
    return refusal_of(400, "MalformedXML",
                      "The list of parts is empty or too "
                      "long");
  auto unordered = [](const named_part& a, const named_part& b) {
    return a.number >= b.number;
  };
  if (std::adjacent_find(parts.begin(), parts.end(), unordered) != parts.end())
    return refusal_of(400, "InvalidPartOrder",
                      "The list of parts was not in ascending order.");
  BOOST_OUTCOME_TRY(auto out, make_incoming(key.organization));
  // Its bytes are counted already, as those of the parts.
  out.is_counted_ = false;
  for (const auto& part : parts) {
    auto path = part_path(upload_path(upload_id), part.number);
    BOOST_OUTCOME_TRYV(append_part(out, path, part, &part == &parts.back()));
  }
  return out;
}

object_result<void> object_store::append_part(incoming_object& to,
                                              const std::string& path,
                                              const named_part& part,
                                              bool is_last) {
  file_handle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0 || etag_of(about) != part.etag)
    return invalid_part();
  auto size = static_cast<std::uint64_t>(about.st_size);
  if (!is_last && size < bounds_.part_bytes)
    return refusal_of(400, "EntityTooSmall",
                      "A part that is not the last is smaller than the minimum "
                      "allowed size");
  // None but what the organization holds as parts; of the disk, as much again.
  BOOST_OUTCOME_TRYV(take_room(to.organization_, 0));
  std::optional<running_checksum> sum;
  if (part.kind)
    sum.emplace(*part.kind);
  std::string bytes(copied_at_once, '\0');
  for (std::uint64_t done = 0; done < size;) {
    auto n = ::read(file.get(), bytes.data(), bytes.size());
    if (n <= 0)
      return disk_error("read a part");
    std::string_view got{bytes.data(), static_cast<std::size_t>(n)};
    if (sum)
      sum->update(got);
    BOOST_OUTCOME_TRYV(to.write(got));
    done += got.size();
  }
  if (sum && sum->finish() != part.sum)
    return refusal_of(400, "InvalidPart",
                      "The checksum of a part is not the one it came with");
  return ok();
}

object_result<void> object_store::abort(const object_key& key,
                                        const std::string& upload_id) {
  BOOST_OUTCOME_TRYV(check_upload(key, upload_id));
  {
    std::lock_guard lock{mutex_};
    if (!completing_.insert(upload_id).second)
      return no_such_upload();
  }
  remove_upload(upload_id, key.organization);
  std::lock_guard lock{mutex_};
  completing_.erase(upload_id);
  return ok();
}

// Nothing comes to it any more: it is among those being completed.
void object_store::remove_upload(const std::string& upload_id,
                                 const std::string& organization) {
  std::uint64_t bytes = 0;
  auto path = upload_path(upload_id);
  for (const auto& name : names_in(path)) {
    struct stat file {};
    if (name != "about" && ::lstat((path + "/" + name).c_str(), &file) == 0)
      bytes += static_cast<std::uint64_t>(file.st_size);
  }
  remove_directory_of_files(path);
  give_back(organization, bytes);
  std::lock_guard lock{mutex_};
  auto& open = open_uploads_[organization];
  open -= std::min<std::size_t>(open, 1);
}

void object_store::clean_uploads(timestamp now) {
  auto patience = static_cast<timestamp>(
      std::chrono::milliseconds{bounds_.abandoned_time}.count());
  for (const auto& id : names_in(directory_ + "/.uploads")) {
    auto path = upload_path(id);
    timestamp newest = 0;
    for (const auto& name : names_in(path)) {
      struct stat file {};
      if (::lstat((path + "/" + name).c_str(), &file) == 0)
        newest = std::max(newest, std::max(used_at(file), written_at(file)));
    }
    auto about = read_small_file(path + "/about", longest_about);
    auto key = object_key::parse(about);
    if (newest + patience <= now && key)
      static_cast<void>(abort(*key, id));
  }
}

} // namespace varve::gateway
