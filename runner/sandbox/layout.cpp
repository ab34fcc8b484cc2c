#include "runner/sandbox/layout.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <unistd.h>

#include "events/base/ids.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::size_t instance_size = 6;

bool is_plain(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9');
}

std::string make_instance() {
  // Without letters that are easily taken for others; 32 of them.
  static constexpr char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
  unsigned char raw[instance_size];
  random_bytes(raw, sizeof raw);
  std::string out;
  for (auto byte : raw)
    out += alphabet[byte % 32];
  return out;
}

bool is_instance(std::string_view text) {
  return text.size() == instance_size
         && std::all_of(text.begin(), text.end(), is_plain);
}

result<std::string> read_or_make_instance(const std::string& path) {
  auto known = read_file(path);
  if (known) {
    auto text = known.value().substr(0, known.value().find('\n'));
    if (!is_instance(text))
      return failure(errc::malformed, path + " holds no instance id");
    return text;
  }
  if (known.error().code != errc::not_found)
    return known.error();
  auto made = make_instance();
  VARVE_CHECK(write_file_atomic(path, made + "\n", 0644, true));
  return made;
}

} // namespace

result<layout> layout::open(const std::string& data_dir,
                            const std::string& run_dir) {
  if (data_dir.empty() || data_dir[0] != '/' || run_dir.empty()
      || run_dir[0] != '/')
    return failure(errc::invalid, "directories must be absolute paths");
  layout out;
  out.data_ = data_dir;
  VARVE_CHECK(make_directories(data_dir));
  VARVE_TRY(auto instance, read_or_make_instance(data_dir + "/instance"));
  out.instance_ = instance;
  out.run_ = run_dir + "/" + instance;
  return out;
}

std::string layout::link(std::uint32_t slot) const {
  char text[16];
  std::snprintf(text, sizeof text, "%04x", slot);
  return link_prefix() + text;
}

std::string group_of(const std::string& run_sandboxes, std::string_view id) {
  char name[65];
  auto link = run_sandboxes + "/" + std::string{id} + "/group";
  auto n = ::readlink(link.c_str(), name, sizeof name);
  if (n <= 0 || static_cast<std::size_t>(n) == sizeof name)
    return std::string{id};
  std::string_view kept{name, static_cast<std::size_t>(n)};
  return std::string{is_safe_id(kept) ? kept : id};
}

result<void> keep_group(const std::string& run_sandbox,
                        std::string_view group) {
  auto link = run_sandbox + "/group";
  if (::symlink(std::string{group}.c_str(), link.c_str()) != 0
      && errno != EEXIST)
    return last_error("link " + link);
  return ok();
}

bool is_safe_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 64 && is_plain(id[0])
         && std::all_of(id.begin(), id.end(), [](char c) {
              return is_plain(c) || c == '-' || c == '_';
            });
}

} // namespace varve::runner
