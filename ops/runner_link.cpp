#include "ops/runner_link.hpp"

#include <utility>

#include "events/base/logging.hpp"
#include "projections/registry_access.hpp"

namespace varve::ops {

std::string_view runner_link::disk_limit() const noexcept {
  auto* host = host_.load();
  return host == nullptr ? std::string_view{} : host->disk_limit();
}

// An operation that finds no runner stays owed and is handed over again.
void runner_link::submit(schema::OperationT operation) {
  auto* host = host_.load();
  if (host == nullptr)
    return;
  if (runner::needs_logins(operation.kind))
    add_logins(operation);
  host->submit(std::move(operation));
}

// Of the organization, for the registries of the images it is about. One that
// cannot be read is said, and the registry asked without.
void runner_link::add_logins(schema::OperationT& operation) {
  for (const auto& image : runner::images_of(operation)) {
    auto found = projections::access_for_image(
        reads_, secrets_, operation.organization_id, image);
    if (!found) {
      log_warning("runner",
                  "registry of " + image + ": " + found.error().detail);
      continue;
    }
    if (!found.value())
      continue;
    auto& access = *found.value();
    auto login = std::make_unique<schema::RegistryLoginT>();
    login->host = std::move(access.host);
    login->username = std::move(access.username);
    login->password = std::move(access.password);
    operation.logins.push_back(std::move(login));
  }
}

void runner_link::acknowledge(std::string_view sandbox_id,
                              std::uint64_t sequence) {
  if (auto* host = host_.load())
    host->acknowledge(sandbox_id, sequence);
}

void runner_link::outcome(schema::OutcomeT report) {
  if (hears_)
    reports_.outcome(std::move(report));
}

void runner_link::observation(schema::ObservationT report) {
  if (hears_)
    reports_.observation(std::move(report));
}

void runner_link::inventory(schema::InventoryT report) {
  if (hears_)
    reports_.inventory(std::move(report));
}

result<int> runner_link::connect_toolbox(std::string_view sandbox_id) {
  if (auto* host = host_.load())
    return host->connect_toolbox(sandbox_id);
  return failure(errc::runner_unavailable, "the runner is starting");
}

runner::start_queue runner_link::starts() const noexcept {
  const auto* host = host_.load();
  return host ? host->starts() : runner::start_queue{};
}

result<std::string> runner_link::read_image_log(std::string_view id,
                                                std::uint64_t from,
                                                std::size_t most) {
  if (auto* host = host_.load())
    return host->read_image_log(id, from, most);
  return failure(errc::runner_unavailable, "the runner is starting");
}

void runner_link::note_use(std::string_view sandbox_id, timestamp at) {
  if (auto* host = host_.load())
    host->note_use(sandbox_id, at);
}

} // namespace varve::ops
