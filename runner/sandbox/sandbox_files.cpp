#include "runner/sandbox/sandbox_files.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

namespace json = boost::json;

result<void> give(const std::string& path, std::uint32_t owner) {
  if (::lchown(path.c_str(), owner, owner) != 0)
    return last_error("chown " + path);
  return ok();
}

result<void> make_owned_directory(const std::string& path,
                                  std::uint32_t owner) {
  VARVE_CHECK(make_directory(path, 0755));
  return give(path, owner);
}

result<void> make_owned_file(const std::string& path, const std::string& text,
                             std::uint32_t owner) {
  VARVE_CHECK(write_file(path, text));
  return give(path, owner);
}

std::string record_path(const layout& where, const std::string& id) {
  return where.sandbox(id) + "/sandbox.json";
}

std::string filling_path(const layout& where, const std::string& id) {
  return where.sandbox(id) + "/filling";
}

std::string serialized(const sandbox_record& record) {
  json::object o{{"id", record.id},
                 {"slot", record.slot},
                 {"imageRef", record.image_ref},
                 {"version", record.version},
                 {"disk", name_of(record.disk)}};
  return json::serialize(o) + "\n";
}

result<std::uint64_t> number(const json::object& o, const char* name) {
  auto* v = o.if_contains(name);
  if (v == nullptr || !v->is_int64() || v->get_int64() < 0)
    return failure(errc::malformed, std::string{name} + " is not a number");
  return static_cast<std::uint64_t>(v->get_int64());
}

// One that says nothing is older than limits are.
result<disk_method> method_in(const json::object& o) {
  const auto* disk = o.if_contains("disk");
  if (disk == nullptr)
    return disk_method::none;
  auto method = disk->is_string()
                    ? disk_method_named(std::string{disk->get_string()})
                    : std::nullopt;
  if (!method)
    return failure(errc::malformed, "disk is of no known method");
  return *method;
}

} // namespace

result<void> make_sandbox_files(const layout& where,
                                const sandbox_record& record,
                                const writable_layer& layer,
                                const sandbox_addresses& addresses) {
  const auto& root = layer.root();
  auto owner = addresses.uid_base;
  VARVE_CHECK(make_owned_directory(root + "/upper", owner));
  VARVE_CHECK(make_owned_directory(root + "/work", owner));
  VARVE_CHECK(make_directory(root + "/etc", 0700));
  VARVE_CHECK(make_owned_file(root + "/etc/hostname", record.id + "\n", owner));
  VARVE_CHECK(make_owned_file(root + "/etc/hosts",
                              "127.0.0.1\tlocalhost\n" + addresses.address
                                  + "\t" + record.id + "\n",
                              owner));
  VARVE_CHECK(make_owned_file(root + "/etc/resolv.conf",
                              "nameserver " + addresses.gateway + "\n", owner));
  return write_file_atomic(record_path(where, record.id), serialized(record),
                           0600, true);
}

result<void> begin_filling(const layout& where, const std::string& id) {
  VARVE_CHECK(make_directories(where.sandboxes(), 0711));
  VARVE_CHECK(make_directory(where.sandbox(id), 0711));
  return write_file_atomic(filling_path(where, id), "", 0600, true);
}

result<void> end_filling(const layout& where, const std::string& id) {
  return remove_file(filling_path(where, id));
}

result<sandbox_record> read_sandbox_record(const layout& where,
                                           const std::string& id) {
  if (exists(filling_path(where, id)))
    return failure(errc::not_found, id + " is not complete");
  VARVE_TRY(auto text, read_file(record_path(where, id)));
  boost::system::error_code ec;
  auto parsed = json::parse(text, ec);
  if (ec || !parsed.is_object())
    return failure(errc::malformed, "sandbox.json of " + id + " is damaged");
  auto& o = parsed.get_object();
  sandbox_record out;
  out.id = id;
  VARVE_TRY(auto slot, number(o, "slot"));
  VARVE_TRY(out.version, number(o, "version"));
  out.slot = static_cast<std::uint32_t>(slot);
  auto* ref = o.if_contains("imageRef");
  if (ref == nullptr || !ref->is_string())
    return failure(errc::malformed, "sandbox.json of " + id + " is damaged");
  out.image_ref = std::string{ref->get_string()};
  VARVE_TRY(out.disk, method_in(o));
  return out;
}

result<void> take_sandbox_files(const layout& where, const std::string& waited,
                                const std::string& id, std::uint64_t version) {
  VARVE_TRY(auto record, read_sandbox_record(where, waited));
  record.id = id;
  record.version = version;
  VARVE_CHECK(write_file_atomic(record_path(where, waited), serialized(record),
                                0600, true));
  auto from = where.sandbox(waited);
  if (::rename(from.c_str(), where.sandbox(id).c_str()) != 0)
    return last_error("rename " + from);
  unique_fd all{
      ::open(where.sandboxes().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!all || ::fsync(all.get()) != 0)
    return last_error("sync " + where.sandboxes());
  return ok();
}

result<std::vector<std::string>> list_sandbox_files(const layout& where) {
  VARVE_TRY(auto names, list_directory(where.sandboxes()));
  std::erase_if(names, [](auto& name) { return !is_safe_id(name); });
  return names;
}

result<void> remove_sandbox_files(const layout& where, const std::string& id) {
  // The record goes first: what is half removed does not count as files.
  VARVE_CHECK(remove_file(record_path(where, id)));
  return remove_tree(where.sandbox(id));
}

} // namespace varve::runner
