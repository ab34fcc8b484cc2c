#include "projections/runner_projection.hpp"

#include "projections/key.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

constexpr char table = 'r';

std::string encode(const runner_view& v) {
  row_writer out;
  out.text(v.region)
      .text(v.journal_id)
      .resources(v.capacity)
      .number(v.registered_at);
  return out.take();
}

result<runner_view> decode(std::string_view id, std::string_view bytes) {
  row_reader in{bytes};
  runner_view v;
  v.id = id;
  v.region = in.text();
  v.journal_id = in.text();
  v.capacity = in.resources();
  v.registered_at = in.number();
  VARVE_CHECK(in.finish());
  return v;
}

} // namespace

runner_projection::runner_projection(database base, std::uint32_t generation)
    : projection{"runners", base, generation, 'n'}, changes_{rows()} {
  // nop
}

result<void> runner_projection::fold(const schema::Record& record,
                                     const schema::Entry& entry) {
  const auto* event = entry.event_as_RunnerRegistered();
  if (event == nullptr)
    return failure(errc::store_failed,
                   "runner " + entry.aggregate_id()->str() + ": "
                       + schema::EnumNameEvent(entry.event_type())
                       + " is not an event of a runner");
  runner_view v;
  v.region = event->region()->str();
  v.journal_id = event->journal_id()->str();
  v.capacity = *event->capacity();
  v.registered_at = record.time();
  changes_.put(key{table}.rest(entry.aggregate_id()->str()).take(), encode(v));
  return ok();
}

result<std::vector<runner_view>> runner_projection::all() const {
  std::vector<runner_view> out;
  scan each{rows(), key{table}.take()};
  for (each.first(); each.valid(); each.next()) {
    VARVE_TRY(auto view, decode(each.rest(), each.value()));
    out.push_back(std::move(view));
  }
  VARVE_CHECK(each.finish());
  return out;
}

} // namespace varve::projections
