#include "events/seal.hpp"

#include "events/chain.hpp"
#include "events/partition_records.hpp"

namespace varve::log {

result<void> check_seal(local_store& store, std::uint16_t partition,
                        std::string_view place) {
  VARVE_TRY(auto newest, store.latest(log_stream(partition)));
  if (!newest)
    return ok();
  VARVE_TRY(auto found, store.read(partition, newest->at.index, 1));
  if (found.empty())
    return failure(errc::log_corrupt, to_string(newest->at) + " is missing");
  const auto* sealed = found[0]->view().entries()->Get(0)->event_as_LogSealed();
  if (!sealed || sealed->place()->string_view() == place)
    return ok();
  return failure(errc::log_unavailable, "partition " + std::to_string(partition)
                                            + " is sealed: the log goes on at "
                                            + sealed->place()->str());
}

} // namespace varve::log
