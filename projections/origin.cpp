#include "projections/origin.hpp"

#include "events/base/logging.hpp"

namespace varve::projections {

namespace {

// Whether the record before the projection's position is the one it folded.
result<bool> is_of(log::local_store& store, const projection& subject,
                   std::uint16_t partition) {
  auto next = subject.next(partition);
  if (next == 0)
    return true;
  VARVE_TRY(auto last, store.read(partition, next - 1, 1));
  return !last.empty() && last.front()->at().index == next - 1
         && last.front()->hash() == subject.last_hash(partition);
}

result<bool> is_of(log::local_store& store, const generation& subject) {
  for (const auto* each : subject.all())
    for (std::uint16_t p = 0; p < log::partition_count; ++p) {
      VARVE_TRY(auto same, is_of(store, *each, p));
      if (!same)
        return false;
    }
  return true;
}

result<std::shared_ptr<generation>> start_over(const database& base,
                                               std::uint32_t number) {
  rocksdb::WriteBatch batch;
  area::erase_generations(batch, base, 1, UINT32_MAX);
  serve_generation(batch, base, number);
  VARVE_CHECK(base.write(batch));
  return generation::open(base, number);
}

} // namespace

result<std::shared_ptr<generation>> find_origin(log::local_store& store,
                                                const database& base) {
  VARVE_TRY(auto pointer, serving_generation(base));
  if (!pointer.is_readable)
    return start_over(base, pointer.number + 1);
  auto found = generation::open(base, pointer.number);
  if (!found) {
    log_warning("projections", "building anew: " + found.error().detail);
    return start_over(base, pointer.number + 1);
  }
  VARVE_TRY(auto same, is_of(store, *found.value()));
  if (!same) {
    log_warning("projections", "building anew: they are of another log");
    return start_over(base, pointer.number + 1);
  }
  VARVE_CHECK(erase_others(base, pointer.number));
  return found;
}

} // namespace varve::projections
