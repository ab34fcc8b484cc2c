#include "actors/host/known_command.hpp"

namespace varve::host {

result<log::record_ptr>
known_command(log::local_store& store, const std::string& organization_id,
              const std::string& command_id,
              const std::optional<log::digest>& request) {
  VARVE_TRY(auto at, store.command(organization_id, command_id));
  if (!at)
    return log::record_ptr{};
  VARVE_TRY(auto found, store.read(at->partition, at->index, 1));
  if (found.empty())
    return log::record_ptr{};
  if (request && !found[0]->may_be_of(*request))
    return failure(errc::reused,
                   "This Idempotency-Key was used for another request");
  return std::move(found[0]);
}

} // namespace varve::host
