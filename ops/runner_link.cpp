#include "ops/runner_link.hpp"

#include <utility>

namespace varve::ops {

// An operation that finds no runner stays owed and is handed over again.
void runner_link::submit(schema::OperationT operation) {
  if (auto* host = host_.load())
    host->submit(std::move(operation));
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
