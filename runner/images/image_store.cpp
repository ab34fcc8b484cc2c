#include "runner/images/image_store.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <set>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/sandbox/sandbox_files.hpp"

namespace varve::runner {

namespace {

namespace json = boost::json;

constexpr off_t longest_log = 1 << 20;
constexpr std::chrono::hours log_kept{7 * 24};
constexpr std::string_view image_suffix = ".json";

result<void> sync_directory(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::fsync(fd.get()) != 0)
    return last_error("sync " + path);
  return ok();
}

bool is_older(const std::string& path, std::chrono::seconds age) noexcept {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0
         && found.st_mtime + age.count() < ::time(nullptr);
}

json::array list(const std::vector<std::string>& items) {
  json::array out;
  for (const auto& item : items)
    out.emplace_back(item);
  return out;
}

void log_trouble(const result<void>& done, std::string_view what) {
  if (!done)
    log_failure("images", std::string{what} + ": " + done.error().detail);
}

} // namespace

image_store::image_store(const layout& where, image_limits limits)
    : where_(where), limits_(limits), root_(where.image_store()) {
  // nop
}

result<std::unique_ptr<image_store>> image_store::open(const layout& where,
                                                       image_limits limits) {
  std::unique_ptr<image_store> out{new image_store{where, limits}};
  const auto& root = out->root_;
  VARVE_CHECK(remove_tree(root + "/work"));
  // The root of a sandbox passes through on its way to the layers.
  for (const auto* name : {"", "/layers"}) {
    VARVE_CHECK(make_directories(root + name, 0711));
  }
  for (const auto* name :
       {"/blobs/sha256", "/images", "/builds", "/holds", "/logs", "/work"}) {
    VARVE_CHECK(make_directories(root + name, 0700));
  }
  return out;
}

std::string image_store::image_file(std::string_view ref) const {
  return pulled_image_file(where_, ref);
}

bool image_store::has_image(std::string_view ref) const {
  return exists(image_file(ref));
}

std::string image_store::layer(std::string_view diff_id) const {
  return where_.layer(hex_of(diff_id));
}

bool image_store::has_layer(std::string_view diff_id) const {
  return exists(layer(diff_id));
}

std::string image_store::blob(std::string_view digest) const {
  return blobs() + "/sha256/" + std::string{hex_of(digest)};
}

result<std::string> image_store::make_work(std::string_view name) {
  std::uint64_t number = 0;
  {
    std::lock_guard lock{guard_};
    number = ++works_;
  }
  auto path =
      root_ + "/work/" + std::string{name} + "-" + std::to_string(number);
  VARVE_CHECK(make_directories(path, 0755));
  return path;
}

result<void> image_store::put_layer(std::string_view diff_id,
                                    const std::string& made) {
  auto target = layer(diff_id);
  // Its content is on the disk already; now its name.
  if (::rename(made.c_str(), target.c_str()) != 0) {
    if (errno != EEXIST && errno != ENOTEMPTY)
      return last_error("rename " + target);
    return remove_tree(made);
  }
  return sync_directory(root_ + "/layers");
}

result<void> image_store::put_image(const image& what,
                                    const std::vector<std::string>& diff_ids) {
  json::array layers;
  for (const auto& id : diff_ids)
    layers.emplace_back(std::string{hex_of(id)});
  json::object o{{"name", what.name},
                 {"user", what.user},
                 {"workdir", what.workdir},
                 {"env", list(what.env)},
                 {"entrypoint", list(what.entrypoint)},
                 {"layers", std::move(layers)},
                 {"sizeBytes", what.size_bytes}};
  return write_file_atomic(image_file(what.ref), json::serialize(o) + "\n",
                           0600, true);
}

result<void> image_store::hold(std::string_view snapshot_id,
                               std::string_view ref) {
  return write_file_atomic(root_ + "/holds/" + std::string{snapshot_id},
                           std::string{ref} + "\n", 0600, true);
}

result<void> image_store::release(std::string_view snapshot_id) {
  VARVE_CHECK(remove_file(root_ + "/holds/" + std::string{snapshot_id}));
  return remove_file(root_ + "/logs/" + std::string{snapshot_id});
}

std::string image_store::built_of(std::string_view key) const {
  auto text = read_file(root_ + "/builds/" + std::string{hex_of(key)});
  if (!text)
    return {};
  auto ref = text.value().substr(0, text.value().find('\n'));
  return has_image(ref) ? ref : std::string{};
}

result<void> image_store::put_build(std::string_view key,
                                    std::string_view ref) {
  return write_file_atomic(root_ + "/builds/" + std::string{hex_of(key)},
                           std::string{ref} + "\n", 0600, true);
}

void image_store::touch(std::string_view ref) {
  ::utimensat(AT_FDCWD, image_file(ref).c_str(), nullptr, 0);
}

image_store::turn image_store::wait_for_turn(const std::string& name) {
  std::shared_ptr<std::mutex> of;
  {
    std::lock_guard lock{guard_};
    std::erase_if(turns_,
                  [](const auto& it) { return it.second.use_count() == 1; });
    auto& found = turns_[name];
    if (!found)
      found = std::make_shared<std::mutex>();
    of = found;
  }
  return turn{std::move(of)};
}

// Removes images that nothing names and says which layers the others need.
result<void>
image_store::drop_unused_images(std::vector<std::string>& kept_layers) {
  std::set<std::string> named;
  VARVE_TRY(auto holds, list_directory(root_ + "/holds"));
  for (const auto& id : holds) {
    VARVE_TRY(auto ref, read_file(root_ + "/holds/" + id));
    named.insert(ref.substr(0, ref.find('\n')));
  }
  VARVE_TRY(auto sandboxes, list_sandbox_files(where_));
  for (const auto& id : sandboxes)
    if (auto record = read_sandbox_record(where_, id))
      named.insert(record.value().image_ref);
  if (also_named_) {
    VARVE_TRY(auto more, also_named_());
    named.insert(more.begin(), more.end());
  }
  VARVE_TRY(auto files, list_directory(root_ + "/images"));
  for (const auto& file : files) {
    if (!file.ends_with(image_suffix))
      continue;
    auto ref = file.substr(0, file.size() - image_suffix.size());
    if (!named.contains(ref)
        && is_older(root_ + "/images/" + file, limits_.unused_for)) {
      VARVE_CHECK(remove_file(root_ + "/images/" + file));
      continue;
    }
    VARVE_TRY(auto kept, load_image(where_, ref));
    for (const auto& path : kept.layers)
      kept_layers.push_back(path.substr(path.rfind('/') + 1));
  }
  return ok();
}

// Out of the way, where half of a layer is not found; says where it is now.
result<std::vector<std::string>>
image_store::set_aside(const std::vector<std::string>& kept_layers) {
  std::vector<std::string> out;
  VARVE_TRY(auto layers, list_directory(root_ + "/layers"));
  for (const auto& name : layers) {
    if (std::binary_search(kept_layers.begin(), kept_layers.end(), name))
      continue;
    VARVE_TRY(auto work, make_work("gone"));
    if (::rename((root_ + "/layers/" + name).c_str(), (work + "/layer").c_str())
        != 0)
      return last_error("rename layer " + name);
    out.push_back(std::move(work));
  }
  return out;
}

void image_store::drop_old_files(const std::string& folder,
                                 std::chrono::hours age) {
  auto names = list_directory(folder);
  if (!names)
    return log_failure("images", names.error().detail);
  for (const auto& name : names.value())
    if (is_older(folder + "/" + name, age))
      log_trouble(remove_file(folder + "/" + name), name);
}

result<void> image_store::collect() {
  std::vector<std::string> gone;
  {
    std::unique_lock alone{collecting_, std::try_to_lock};
    if (!alone)
      return ok(); // somebody is at work; there will be another time
    std::vector<std::string> kept;
    VARVE_CHECK(drop_unused_images(kept));
    std::sort(kept.begin(), kept.end());
    VARVE_TRY(gone, set_aside(kept));
    drop_old_files(root_ + "/blobs/sha256", limits_.unused_for);
    drop_old_files(root_ + "/logs", log_kept);
    drop_old_files(root_ + "/builds", log_kept);
  }
  // Large ones take a while, which nobody waits for.
  for (const auto& path : gone)
    log_trouble(remove_tree(path), "remove " + path);
  return ok();
}

void image_store::note(std::string_view id, std::string_view line) {
  auto path = root_ + "/logs/" + std::string{id};
  unique_fd fd{::open(path.c_str(),
                      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                      0600)};
  struct stat found {};
  if (!fd || ::fstat(fd.get(), &found) != 0 || found.st_size > longest_log)
    return;
  auto text = std::string{line} + "\n";
  [[maybe_unused]] auto n = ::write(fd.get(), text.data(), text.size());
}

void image_store::copy_log(std::string_view from, std::string_view to) {
  auto said = read_log(from, 0, static_cast<std::size_t>(longest_log));
  if (said && !said.value().empty())
    note(to, said.value().substr(0, said.value().rfind('\n')));
}

result<std::string> image_store::read_log(std::string_view id,
                                          std::uint64_t from,
                                          std::size_t most) const {
  if (!is_safe_id(id))
    return failure(errc::not_found, "no such log");
  auto path = root_ + "/logs/" + std::string{id};
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!fd)
    return failure(errc::not_found, "no such log");
  std::string out(most, '\0');
  auto n = ::pread(fd.get(), out.data(), out.size(),
                   static_cast<off_t>(std::min<std::uint64_t>(
                       from, static_cast<std::uint64_t>(longest_log) * 2)));
  if (n < 0)
    return last_error("read " + path);
  out.resize(static_cast<std::size_t>(n));
  return out;
}

} // namespace varve::runner
