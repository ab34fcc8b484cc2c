#include "runner/images/puller.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <sys/stat.h>
#include <unistd.h>

#include "runner/images/unpack/digest.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::size_t longest_name = 512;
constexpr std::size_t most_manifest = 4 << 20;
constexpr std::size_t most_config = 8 << 20;

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'
         || c == ':' || c == '/' || c == '@';
}

std::string digest_of(std::string_view text) {
  running_digest digest;
  digest.add(text.data(), text.size());
  return digest.text();
}

// Removes what was begun, however it ends.
struct scratch {
  std::string path;
  ~scratch() {
    if (auto gone = remove_tree(path); !gone)
      return; // the next start tries again
  }
};

// What skopeo says, without its prefix and time stamps.
std::string plain(const std::string& said) {
  auto at = said.find("msg=\"");
  auto text = at == std::string::npos ? said : said.substr(at + 5);
  if (at != std::string::npos && !text.empty() && text.back() == '"')
    text.pop_back();
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\\' || i + 1 == text.size() || text[i + 1] != '"')
      out += text[i];
  return out;
}

error explained(const std::string& name, error why) {
  if (why.code == errc::runner_failed)
    why.detail = plain(why.detail);
  auto unknown = why.detail.find("manifest unknown") != std::string::npos
                 || why.detail.find("name unknown") != std::string::npos
                 || why.detail.find("not found") != std::string::npos;
  if (why.code == errc::runner_failed && unknown)
    why.code = errc::not_found;
  return prefixed("image " + name, std::move(why));
}

} // namespace

bool is_image_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= longest_name && name[0] != '-'
         && name[0] != '/' && name.back() != '/' && name.back() != ':'
         && name.find("//") == std::string_view::npos
         && std::all_of(name.begin(), name.end(), is_name_character);
}

std::string with_digest(std::string_view name, std::string_view digest) {
  name = name.substr(0, name.find('@'));
  auto slash = name.rfind('/');
  auto colon = name.rfind(':');
  if (colon != std::string_view::npos
      && (slash == std::string_view::npos || colon > slash))
    name = name.substr(0, colon);
  return std::string{name} + "@" + std::string{digest};
}

tool_run puller::skopeo(std::vector<std::string> arguments) const {
  tool_run out;
  out.argv = {access_.skopeo, "--insecure-policy"};
  if (!access_.registries_conf.empty())
    out.argv.push_back("--registries-conf=" + access_.registries_conf);
  for (auto& argument : arguments)
    out.argv.push_back(std::move(argument));
  out.until = until_;
  out.cancel = cancel_;
  return out;
}

std::vector<std::string>
puller::with_login(const char* option, std::vector<std::string> more) const {
  if (!auth_file_.empty())
    more.insert(more.begin() + 1, option + auth_file_);
  return more;
}

result<std::string> puller::raw_manifest(const std::string& name) {
  auto run = skopeo(
      with_login("--authfile=", {"inspect", "--raw", "docker://" + name}));
  run.most_output = most_manifest;
  return run_tool(run);
}

result<resolved_image> puller::resolve(const std::string& name) {
  if (!is_image_name(name))
    return failure(errc::invalid, "image " + name + ": not a name of an image");
  say_("Looking up " + name);
  auto text = raw_manifest(name);
  if (!text)
    return explained(name, text.error());
  auto chosen = choose_from_index(text.value(), host_architecture());
  if (!chosen)
    return explained(name, chosen.error());
  if (!chosen.value().empty()) {
    text = raw_manifest(with_digest(name, chosen.value()));
    if (!text)
      return explained(name, text.error());
  }
  auto found = parse_manifest(text.value());
  if (!found)
    return explained(name, found.error());
  resolved_image out{digest_of(text.value()), found.value().size_bytes};
  say_("Found " + out.digest + ", "
       + std::to_string(found.value().layers.size()) + " layers, "
       + std::to_string(out.size_bytes) + " bytes");
  return out;
}

result<void> puller::check_room(std::uint64_t bytes) const {
  if (bytes > store_.limits().bytes)
    return failure(errc::too_large, "the image is larger than an image may be");
  auto free = free_bytes(store_.blobs());
  if (free != 0 && free < bytes + store_.limits().free_bytes)
    return failure(errc::log_full, "the runner's disk is full");
  return ok();
}

result<void> puller::fetch(const std::string& name, const std::string& digest,
                           const std::string& work) {
  auto run = skopeo(with_login(
      "--src-authfile=",
      {"copy", "--dest-shared-blob-dir=" + store_.blobs(),
       "docker://" + with_digest(name, digest), "oci:" + work + ":image"}));
  run.on_line = [this](const std::string& line) { say_(plain(line)); };
  auto copied = run_tool(run);
  if (!copied)
    return copied.error();
  return ok();
}

result<std::uint64_t> puller::unpack_layer(const std::string& blob,
                                           const std::string& digest,
                                           const std::string& diff_id) {
  auto mine = store_.wait_for_turn(diff_id);
  if (store_.has_layer(diff_id))
    return std::uint64_t{0};
  VARVE_TRY(auto work, store_.make_work("layer"));
  scratch cleaning{work};
  auto root = work + "/root";
  VARVE_CHECK(make_directories(root, 0755));
  tool_run run;
  run.argv = {access_.unpack_path,
              blob,
              digest,
              diff_id,
              root,
              std::to_string(store_.limits().bytes),
              std::to_string(store_.limits().entries)};
  run.until = until_;
  run.cancel = cancel_;
  auto done = run_tool(run);
  if (!done) {
    // It may be the blob that is damaged: another pull fetches it again.
    if (done.error().code == errc::runner_failed) {
      VARVE_CHECK(remove_file(blob));
    }
    return prefixed("layer " + digest, done.error());
  }
  auto bytes = std::strtoull(done.value().c_str(), nullptr, 10);
  VARVE_CHECK(store_.put_layer(diff_id, root));
  say_("Unpacked " + digest);
  return std::uint64_t{bytes};
}

struct puller::layout_parts {
  std::string digest;
  manifest parts;
  image_config config;
};

result<puller::layout_parts> puller::read_layout(const std::string& folder,
                                                 const std::string& blobs) {
  auto blob = [&](const std::string& digest) {
    return blobs + "/sha256/" + std::string{hex_of(digest)};
  };
  layout_parts out;
  VARVE_TRY(auto index, read_file(folder + "/index.json"));
  VARVE_TRY(out.digest, parse_layout_index(index));
  VARVE_TRY(auto text, read_file(blob(out.digest), most_manifest));
  if (digest_of(text) != out.digest)
    return failure(errc::malformed, "the image's manifest is damaged");
  VARVE_TRY(out.parts, parse_manifest(text));
  VARVE_TRY(auto config_text, read_file(blob(out.parts.config), most_config));
  if (digest_of(config_text) != out.parts.config)
    return failure(errc::malformed, "the image's config is damaged");
  VARVE_TRY(out.config, parse_image_config(config_text));
  if (out.config.diff_ids.size() != out.parts.layers.size())
    return failure(errc::malformed,
                   "the image's config names another number of layers");
  return out;
}

result<image> puller::unpack(const std::string& name, const std::string& digest,
                             const std::string& work,
                             const std::string& blobs) {
  VARVE_TRY(auto found, read_layout(work, blobs));
  const auto& [local, parts, config] = found;
  if (config.architecture != host_architecture())
    return failure(errc::unsupported, "the image is made for linux/"
                                          + config.architecture
                                          + " and not for linux/"
                                          + std::string{host_architecture()});
  image out;
  out.ref = image_store::ref_of(digest);
  out.name = name;
  out.user = config.user;
  out.workdir = config.workdir;
  out.env = config.env;
  out.entrypoint = config.entrypoint;
  for (std::size_t i = 0; i < parts.layers.size(); ++i) {
    auto blob = blobs + "/sha256/" + std::string{hex_of(parts.layers[i])};
    VARVE_TRY(auto bytes,
              unpack_layer(blob, parts.layers[i], config.diff_ids[i]));
    out.size_bytes += bytes;
  }
  if (out.size_bytes > store_.limits().bytes)
    return failure(errc::too_large, "the image is larger than an image may be");
  out.size_bytes = std::max(out.size_bytes, parts.size_bytes);
  VARVE_CHECK(store_.put_image(out, config.diff_ids));
  return out;
}

result<image> puller::pull(const std::string& name, const std::string& digest) {
  if (!is_image_name(name) || !is_digest(digest))
    return failure(errc::invalid, "image " + name + ": not a name of an image");
  auto ref = image_store::ref_of(digest);
  auto mine = store_.wait_for_turn(ref);
  if (!store_.has_image(ref)) {
    say_("Pulling " + name);
    VARVE_TRY(auto work, store_.make_work("pull"));
    scratch cleaning{work};
    auto room = check_room(0);
    auto done = room ? fetch(name, digest, work) : room;
    if (!done)
      return explained(name, done.error());
    auto unpacked = unpack(name, digest, work, store_.blobs());
    if (!unpacked)
      return explained(name, unpacked.error());
    say_("Pulled " + name);
    return unpacked;
  }
  say_(name + " is here already");
  store_.touch(ref);
  return store_.find(ref);
}

result<void> puller::lay_out(const std::string& name, const std::string& digest,
                             const std::string& folder) {
  if (!is_image_name(name) || !is_digest(digest))
    return failure(errc::invalid, "image " + name + ": not a name of an image");
  VARVE_CHECK(make_directories(folder + "/blobs/sha256", 0755));
  auto fetched = fetch(name, digest, folder);
  if (!fetched)
    return explained(name, fetched.error());
  auto found = read_layout(folder, store_.blobs());
  if (!found)
    return explained(name, found.error());
  auto& parts = found.value().parts;
  parts.layers.push_back(parts.config);
  parts.layers.push_back(found.value().digest);
  for (const auto& part : parts.layers) {
    auto target = folder + "/blobs/sha256/" + std::string{hex_of(part)};
    auto blob = store_.blob(part);
    if (::chmod(blob.c_str(), 0644) != 0
        || (::link(blob.c_str(), target.c_str()) != 0 && errno != EEXIST))
      return last_error("link " + blob);
  }
  for (const auto* file : {"/index.json", "/oci-layout"})
    if (::chmod((folder + file).c_str(), 0644) != 0)
      return last_error(folder + file);
  return ok();
}

result<image> puller::take_layout(const std::string& name,
                                  const std::string& folder) {
  VARVE_TRY(auto index, read_file(folder + "/index.json"));
  VARVE_TRY(auto digest, parse_layout_index(index));
  auto ref = image_store::ref_of(digest);
  auto mine = store_.wait_for_turn(ref);
  if (store_.has_image(ref)) {
    store_.touch(ref);
    return store_.find(ref);
  }
  return unpack(name, digest, folder, folder + "/blobs");
}

} // namespace varve::runner
