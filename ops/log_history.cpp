#include "ops/log_history.hpp"

namespace varve::ops {

result<std::vector<log::record_ptr>>
log_history::stream(std::string_view aggregate_id, std::uint64_t from_version,
                    std::size_t limit) {
  return store_.read_stream(aggregate_id, from_version, limit);
}

result<log::record_ptr> log_history::command(std::string_view organization_id,
                                             std::string_view command_id) {
  VARVE_TRY(auto at, store_.command(organization_id, command_id));
  if (!at)
    return log::record_ptr{};
  VARVE_TRY(auto found, store_.read(at->partition, at->index, 1));
  return found.empty() ? log::record_ptr{} : std::move(found[0]);
}

} // namespace varve::ops
