#include "runner/archive/attributes.hpp"

#include <cerrno>
#include <cstring>

#include <sys/xattr.h>

#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::uint32_t ids_of_a_sandbox = 65536;
constexpr std::uint32_t no_id = 65534; // "nobody"
// What stands for the host's root, which no sandbox has.
constexpr std::uint32_t outer_root = ids_of_a_sandbox;

// As linux/posix_acl_xattr.h has them, little endian.
constexpr std::size_t acl_head = 4;
constexpr std::size_t acl_entry = 8;
constexpr std::uint16_t acl_user = 0x02;
constexpr std::uint16_t acl_group = 0x08;
// vfs_ns_cap_data: its root id is last.
constexpr std::size_t caps_with_root = 24;

using mapping = std::uint32_t (*)(std::uint32_t, std::uint32_t) noexcept;

void map_at(std::string& value, std::size_t place, mapping map,
            std::uint32_t base) {
  std::uint32_t id = 0;
  std::memcpy(&id, value.data() + place, sizeof id);
  id = map(id, base);
  std::memcpy(value.data() + place, &id, sizeof id);
}

// The ids that some attributes hold.
void map_ids(attribute& a, mapping map, std::uint32_t base) {
  if (a.name == "security.capability" && a.value.size() == caps_with_root)
    return map_at(a.value, caps_with_root - 4, map, base);
  if (!a.name.starts_with("system.posix_acl_"))
    return;
  for (auto i = acl_head; i + acl_entry <= a.value.size(); i += acl_entry) {
    std::uint16_t tag = 0;
    std::memcpy(&tag, a.value.data() + i, sizeof tag);
    if (tag == acl_user || tag == acl_group)
      map_at(a.value, i + 4, map, base);
  }
}

std::string path_of(int parent, const char* name) {
  return "/proc/self/fd/" + std::to_string(parent) + "/" + name;
}

// Of a size that may change between two calls.
template <class Ask>
result<std::string> asked(Ask ask, const char* what) {
  for (int i = 0; i < 8; ++i) {
    auto size = ask(nullptr, 0);
    if (size < 0 && (errno == ENOTSUP || errno == ENODATA))
      return std::string{};
    if (size < 0)
      return last_error(what);
    std::string out(static_cast<std::size_t>(size), '\0');
    size = ask(out.data(), out.size());
    if (size < 0 && errno == ERANGE)
      continue;
    if (size < 0)
      return last_error(what);
    out.resize(static_cast<std::size_t>(size));
    return out;
  }
  return failure(errc::io, std::string{what} + ": they keep changing");
}

} // namespace

std::uint32_t inner_id(std::uint32_t id, std::uint32_t id_base) noexcept {
  if (id >= id_base && id - id_base < ids_of_a_sandbox)
    return id - id_base;
  return id == 0 ? outer_root : no_id;
}

std::uint32_t outer_id(std::uint32_t id, std::uint32_t id_base) noexcept {
  if (id == outer_root)
    return 0;
  return id_base + (id < ids_of_a_sandbox ? id : no_id);
}

result<std::vector<attribute>> attributes_of(int parent, const char* name,
                                             std::uint32_t id_base) {
  auto path = path_of(parent, name);
  VARVE_TRY(auto names, asked(
                            [&](char* to, std::size_t size) {
                              return ::llistxattr(path.c_str(), to, size);
                            },
                            "list attributes"));
  std::vector<attribute> out;
  for (std::size_t i = 0; i < names.size();) {
    attribute a;
    a.name = names.c_str() + i;
    i += a.name.size() + 1;
    VARVE_TRY(a.value, asked(
                           [&](char* to, std::size_t size) {
                             return ::lgetxattr(path.c_str(), a.name.c_str(),
                                                to, size);
                           },
                           "read an attribute"));
    map_ids(a, inner_id, id_base);
    out.push_back(std::move(a));
  }
  return out;
}

result<void> set_attributes(int parent, const char* name,
                            const std::vector<attribute>& attributes,
                            std::uint32_t id_base) {
  auto path = path_of(parent, name);
  for (auto a : attributes) {
    map_ids(a, outer_id, id_base);
    if (::lsetxattr(path.c_str(), a.name.c_str(), a.value.data(),
                    a.value.size(), 0)
        != 0)
      return last_error("set attribute " + a.name);
  }
  return ok();
}

} // namespace varve::runner
