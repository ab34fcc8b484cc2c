#include "runner/builder/builder.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "runner/builder/build_space.hpp"
#include "runner/builder/cell_bundle.hpp"
#include "runner/builder/cell_options.hpp"
#include "runner/builder/dockerfile.hpp"
#include "runner/images/unpack/digest.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/link/sandbox_link.hpp"

namespace varve::runner {

namespace {

using std::chrono::steady_clock;

constexpr const char* uploaded_name = "context.tar";

void log_trouble(const result<void>& done) {
  if (!done)
    log_warning("builder", done.error().detail);
}

// Removes what was begun, however it ends.
struct scratch {
  std::string path;
  ~scratch() {
    log_trouble(remove_tree(path));
  }
};

// What a cell has on the host, which ends with this.
struct cell_remains {
  const build_means& means;
  std::string id, link, run;
  ~cell_remains() {
    log_trouble(means.groups.end_processes(id));
    log_trouble(means.groups.remove(id));
    log_trouble(remove_link(link));
    log_trouble(remove_tree(means.where.runtime_state() + "/" + id));
    log_trouble(remove_tree(run));
  }
};

std::uint64_t open_files_limit() {
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  return own.rlim_max;
}

bool is_folder_name(const std::string& text) noexcept {
  return !text.empty() && text.size() <= 255 && text[0] != '.'
         && std::all_of(text.begin(), text.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                     || (c >= '0' && c <= '9') || c == '-' || c == '_'
                     || c == '.';
            });
}

result<void> copy_file(const std::string& from, const std::string& to,
                       std::uint32_t owner) {
  unique_fd in{::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  unique_fd out{
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  struct stat found {};
  if (!in || !out || ::fstat(in.get(), &found) != 0)
    return last_error("copy " + from);
  for (auto left = found.st_size; left > 0;) {
    auto n = ::sendfile(out.get(), in.get(), nullptr,
                        static_cast<std::size_t>(left));
    if (n < 0 && errno == ENOSPC)
      return failure(errc::too_large, "no space left on device: the context "
                                      "does not fit on a build's disk");
    if (n <= 0)
      return last_error("copy " + from);
    left -= n;
  }
  if (::fchown(out.get(), owner, owner) != 0)
    return last_error("chown " + to);
  return ok();
}

// Nothing of it but files and folders, as its maker may have put anything
// there.
result<void> check_plain(const std::string& folder, int depth = 3) {
  struct stat found {};
  if (::lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode))
    return failure(errc::runner_failed, "The build left no image");
  VARVE_TRY(auto names, list_directory(folder));
  for (const auto& name : names) {
    auto path = folder + "/" + name;
    if (::lstat(path.c_str(), &found) != 0)
      return last_error(path);
    if (S_ISDIR(found.st_mode) && depth > 1) {
      VARVE_CHECK(check_plain(path, depth - 1));
    } else if (!S_ISREG(found.st_mode)) {
      return failure(errc::malformed, "The build left no plain image");
    }
  }
  return ok();
}

// Of all that was said, the line that says why: buildah's last word, if it had
// one.
std::string reason_in(const std::string& said) {
  constexpr std::string_view mark = "Error: ";
  std::string last, why;
  for (std::size_t at = 0; at < said.size();) {
    auto end = std::min(said.find('\n', at), said.size());
    auto line = said.substr(at, end - at);
    at = end + 1;
    if (line.starts_with(mark))
      why = line.substr(mark.size());
    if (!line.empty())
      last = std::move(line);
  }
  return why.empty() ? last : why;
}

bool is_out_of_space(const std::string& said) {
  return said.find("no space left on device") != std::string::npos
         || said.find("No space left on device") != std::string::npos;
}

} // namespace

std::string builder::context_file(const std::string& hash) const {
  return means_.contexts_dir + "/" + what_.organization_id + "/" + hash + "/"
         + uploaded_name;
}

result<void> builder::find_bases() {
  if (!bases_.empty())
    return ok();
  auto names = images_in(what_.dockerfile);
  if (!names) {
    say("Error: " + names.error().detail);
    return names.error();
  }
  for (const auto& name : names.value()) {
    VARVE_TRY(auto found, pulls_.resolve(name));
    bases_.push_back({name, found.digest});
  }
  return ok();
}

result<std::string> builder::resolve() {
  if (means_.cell_path.empty())
    return failure(errc::unsupported, "this runner builds no images");
  if (!is_folder_name(what_.organization_id))
    return failure(errc::malformed, "a build of no organization");
  auto hashes = what_.context_hashes;
  std::sort(hashes.begin(), hashes.end());
  for (const auto& hash : hashes) {
    if (!is_folder_name(hash))
      return failure(errc::invalid, "context " + hash + " is no name");
    auto file = context_file(hash);
    if (!exists(file))
      return failure(errc::not_found, "context " + hash + " was not uploaded");
    // It was used just now.
    timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    ::utimensat(AT_FDCWD, file.c_str(), times, 0);
  }
  VARVE_CHECK(find_bases());
  running_digest digest;
  auto add = [&](const std::string& text) {
    auto framed = std::to_string(text.size()) + ":" + text;
    digest.add(framed.data(), framed.size());
  };
  add(what_.organization_id);
  add(what_.dockerfile);
  for (const auto& hash : hashes)
    add(hash);
  for (const auto& it : bases_)
    add(it.name + "@" + it.digest);
  key_ = digest.text();
  return key_;
}

result<void> builder::lay_out_bases(const std::string& folder) {
  for (std::size_t i = 0; i < bases_.size(); ++i) {
    say("Fetching " + bases_[i].name);
    VARVE_CHECK(pulls_.lay_out(bases_[i].name, bases_[i].digest,
                               folder + "/" + std::to_string(i)));
  }
  return ok();
}

result<void> builder::bring_contexts(const std::string& space,
                                     std::uint32_t owner) {
  auto folder = space + "/contexts";
  VARVE_CHECK(remove_tree(folder));
  VARVE_CHECK(make_directories(folder, 0700));
  if (::chown(folder.c_str(), owner, owner) != 0)
    return last_error("chown " + folder);
  for (std::size_t i = 0; i < what_.context_hashes.size(); ++i) {
    VARVE_CHECK(copy_file(context_file(what_.context_hashes[i]),
                          folder + "/" + std::to_string(i) + ".tar", owner));
  }
  return ok();
}

result<void> builder::run_tool_in_cell(std::vector<std::string> argv,
                                       const std::string& id) {
  tool_run run;
  run.argv = std::move(argv);
  run.until = std::min(until_, steady_clock::now() + means_.limits.time);
  run.cancel = cancel_;
  run.on_line = say;
  run.keeps_the_end = true;
  auto done = run_tool(run);
  if (done)
    return ok();
  auto why = done.error();
  if (why.code == errc::timed_out)
    why.detail = "The build took longer than "
                 + std::to_string(means_.limits.time.count()) + " s";
  if (why.code != errc::runner_failed)
    return why;
  if (means_.groups.guest_oom_kills(id) != 0)
    why.detail = "The build needed more memory than "
                 + std::to_string(means_.limits.memory_mib) + " MiB";
  else if (is_out_of_space(why.detail))
    why = {errc::too_large, "The build needed more disk than "
                                + std::to_string(means_.limits.disk_gib)
                                + " GiB: no space left on device"};
  else
    why.detail = reason_in(why.detail);
  return why;
}

result<void> builder::run_cell(unsigned place, const std::string& space,
                               const std::string& bases) {
  auto slot = address_plan::slots + place;
  auto id = "build-" + std::to_string(place);
  cell_options options;
  options.id = id;
  options.run = means_.where.run() + "/builds/" + id;
  options.space = space;
  options.bases = bases;
  options.link = means_.where.link(slot);
  options.address = means_.addresses.address(slot);
  options.gateway = means_.addresses.gateway();
  options.uid_base = means_.addresses.uid_base(slot);
  options.runtime = means_.runtime;
  options.state = means_.where.runtime_state();
  for (const auto& group : means_.groups.guest_groups(id))
    options.groups.push_back(group.directory);
  cell_remains ending{means_, id, options.link, options.run};
  VARVE_CHECK(make_directories(options.run, 0711));
  cell_bundle bundle;
  bundle.run = options.run;
  bundle.uid_base = options.uid_base;
  bundle.open_files = open_files_limit();
  bundle.gateway = dotted(options.gateway);
  bundle.dockerfile = what_.dockerfile;
  for (const auto& it : bases_)
    bundle.images.push_back(it.name);
  bundle.contexts = what_.context_hashes.size();
  VARVE_CHECK(write_bundle(bundle));
  const auto& limits = means_.limits;
  VARVE_CHECK(means_.groups.create(id, {std::uint64_t{limits.memory_mib} << 20,
                                        limits.cpu_millis, limits.pids}));
  return run_tool_in_cell(options.to_arguments(means_.cell_path), id);
}

result<image> builder::take_result(const std::string& space) {
  auto out = space + "/out";
  VARVE_CHECK(check_plain(out));
  VARVE_TRY(auto made, pulls_.take_layout(what_.name, out));
  VARVE_CHECK(store_.put_build(key_, made.ref));
  log_trouble(remove_tree(out));
  return made;
}

result<image> builder::build(unsigned place) {
  VARVE_CHECK(resolve());
  if (auto ref = store_.built_of(key_); !ref.empty()) {
    say("It was built before: " + ref);
    store_.touch(ref);
    return store_.find(ref);
  }
  VARVE_CHECK(pulls_.check_room(0));
  VARVE_TRY(auto bases, store_.make_work("bases"));
  scratch cleaning{bases};
  VARVE_CHECK(lay_out_bases(bases));
  auto owner = means_.addresses.uid_base(address_plan::slots + place);
  VARVE_TRY(auto space, build_space::open(means_.where,
                                          what_.organization_id + "-"
                                              + std::to_string(place),
                                          owner, means_.limits.disk_gib));
  auto done = bring_contexts(space.path(), owner);
  if (done)
    done = run_cell(place, space.path(), bases);
  if (!done) {
    // What is left of one that was cut off is nothing to build on.
    if (done.error().code != errc::runner_failed)
      space.discard();
    return done.error();
  }
  auto made = take_result(space.path());
  if (!made || space.is_nearly_full())
    space.discard();
  return made;
}

} // namespace varve::runner
