#include "ops/bootstrap.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <future>

#include <boost/json/parse.hpp>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "ops/files.hpp"

namespace varve::ops {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto patience = 30s;

// Version 8 UUID from a name: the same on every start.
std::string named_id(std::string_view name) {
  auto hash = log::sha256(std::as_bytes(std::span{name}));
  uuid id;
  std::memcpy(id.bytes.data(), hash.data(), id.bytes.size());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id.str();
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  return text;
}

log::digest hash_of(std::string_view key) {
  return log::sha256(std::as_bytes(std::span{key}));
}

result<json::object> image_config(const std::string& images,
                                  const std::string& ref) {
  VARVE_TRY(auto text, read_file(images + "/" + ref + "/config.json"));
  boost::system::error_code problem;
  auto parsed = json::parse(text, problem);
  if (problem || !parsed.is_object())
    return failure(errc::malformed,
                   "images/" + ref + "/config.json: " + problem.message());
  return std::move(parsed.get_object());
}

std::string text_member(const json::object& from, std::string_view name) {
  auto* found = from.if_contains(name);
  return found && found->is_string() ? std::string{found->get_string()}
                                     : std::string{};
}

RegisterSnapshot snapshot_of(const json::object& config, const std::string& ref,
                             bool is_default) {
  RegisterSnapshot out;
  out.name = is_default ? "varve/base" : text_member(config, "name");
  if (out.name.empty())
    out.name = ref;
  out.snapshot_id = named_id(out.name);
  if (is_default)
    out.aliases = {"daytonaio/sandbox", "daytona/sandbox"};
  out.image_ref = ref;
  out.resources = schema::Resources{1000, 1024, 3, 0};
  if (auto* size = config.if_contains("sizeBytes"); size && size->is_int64())
    out.size_bytes = static_cast<std::uint64_t>(size->get_int64());
  if (auto* entry = config.if_contains("entrypoint");
      entry && entry->is_array())
    for (const auto& word : entry->get_array())
      if (word.is_string())
        out.entrypoint.emplace_back(word.get_string());
  return out;
}

// Directories under images/ that hold a finished image, by their names.
std::vector<std::string> image_refs(const std::string& images) {
  std::vector<std::string> out;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(images, problem))
    if (std::filesystem::exists(entry.path() / "config.json", problem))
      out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

result<void> bootstrap::run() {
  VARVE_TRY(auto organization, default_organization());
  VARVE_CHECK(first_key(organization));
  return snapshots();
}

result<void> bootstrap::register_runner(RegisterRunner what) {
  return submit(std::move(what), {});
}

// The first key's file comes before the organization, and only then: once there
// is an organization, a missing file means that somebody removed it.
result<std::string> bootstrap::default_organization() {
  VARVE_TRY(auto known, reads_.organizations());
  for (const auto& organization : known)
    if (organization.name == "Default")
      return organization.id;
  auto path = data_dir_ + "/api-key";
  auto stored = read_file(path);
  if (!stored && stored.error().code == errc::not_found) {
    VARVE_CHECK(write_private_file(path, make_api_key() + "\n"));
  }
  auto id = uuid::v4().str();
  CreateOrganization what;
  what.name = "Default";
  what.default_region = region;
  VARVE_CHECK(submit(std::move(what), id));
  return id;
}

// Registers what the file holds, unless the log knows it. The file of a key
// that is revoked is removed first (admin_commands).
result<void> bootstrap::first_key(const std::string& organization_id) {
  auto path = data_dir_ + "/api-key";
  auto stored = read_file(path);
  if (!stored && stored.error().code == errc::not_found)
    return ok();
  if (!stored)
    return stored.as_failure();
  auto key = trimmed(stored.value());
  VARVE_TRY(auto known, reads_.api_key(hash_of(key)));
  if (known)
    return ok();
  if (key.size() < 16)
    return failure(errc::invalid, path + " holds no API key");
  CreateApiKey what;
  what.name = "default";
  what.hash = hash_of(key);
  what.prefix = key.substr(0, 3);
  what.suffix = key.substr(key.size() - 3);
  what.user_id = "operator";
  what.permissions = {
      "write:registries", "delete:registries", "write:snapshots",
      "delete:snapshots", "write:sandboxes",   "delete:sandboxes",
      "read:volumes",     "write:volumes",     "delete:volumes"};
  return submit(std::move(what), organization_id);
}

// Every image of the data directory is a snapshot; the one that images/default
// names is the default, whatever else bears its name.
result<void> bootstrap::snapshots() {
  auto images = data_dir_ + "/images";
  auto chosen = read_file(images + "/default");
  auto chosen_ref = chosen ? trimmed(chosen.value()) : std::string{};
  if (chosen_ref.empty())
    log_warning("bootstrap", "no default snapshot in " + images
                                 + "; make it with ops/image/build-base");
  for (const auto& ref : image_refs(images)) {
    VARVE_TRY(auto config, image_config(images, ref));
    auto is_default = ref == chosen_ref;
    auto what = snapshot_of(config, ref, is_default);
    if (!is_default && what.name == "varve/base")
      continue;
    VARVE_CHECK(submit(std::move(what), {}));
  }
  return ok();
}

result<void> bootstrap::submit(command what, std::string organization_id) {
  command_origin origin;
  origin.organization_id = std::move(organization_id);
  origin.principal = "system";
  origin.command_id = uuid::v7(time_.now()).str();
  origin.cause = schema::Cause::System;
  auto answer = std::make_shared<std::promise<result<command_reply>>>();
  auto future = answer->get_future();
  commands_.submit(std::move(what), std::move(origin),
                   [answer](result<command_reply> reply) {
                     answer->set_value(std::move(reply));
                   });
  if (future.wait_for(patience) != std::future_status::ready)
    return failure(errc::timed_out, "bootstrap: no answer from the actors");
  VARVE_TRY(auto reply, future.get());
  auto shown = std::make_shared<std::promise<bool>>();
  auto applied = shown->get_future();
  reads_.when_applied(reply.at, patience,
                      [shown](bool yes) { shown->set_value(yes); });
  if (!applied.get())
    return failure(errc::timed_out, "bootstrap: the read models are behind");
  return ok();
}

} // namespace varve::ops
