#include "projections/projection.hpp"

#include <algorithm>

#include "events/base/logging.hpp"
#include "projections/key.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

// A position that lags behind costs a restart no more than this many records.
constexpr std::uint32_t position_every = 2048;

constexpr char position_table = '\x01';

std::string position_key(std::uint16_t partition) {
  return key{position_table}.number(partition).take();
}

std::string name_of(const log::position& at) {
  return "record " + std::to_string(at.index) + " of partition "
         + std::to_string(at.partition);
}

std::string encode(std::uint64_t next, const log::digest& hash) {
  return row_writer{}.number(next).bytes({hash.begin(), hash.end()}).take();
}

} // namespace

bool is_position(std::string_view key) noexcept {
  return key.starts_with(position_table);
}

projection::projection(std::string_view name, database base,
                       std::uint32_t generation, char letter)
    : name_{name}, rows_{base, generation, letter} {
  // nop
}

result<void> projection::check() const {
  if (has_stopped())
    return failure(errc::store_failed, fault_);
  return ok();
}

void projection::stop(std::string_view where, const error& cause) {
  if (has_stopped())
    return;
  fault_ = "projection " + name_ + " stopped at " + std::string{where} + ": "
           + cause.detail;
  stopped_.store(true, std::memory_order_release);
  discard();
  log_failure("projections", fault_);
}

result<void> projection::load() {
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    VARVE_TRY(auto row, rows_.get(position_key(p)));
    if (!row)
      continue;
    row_reader in{*row};
    auto& at = places_[p];
    at.next = in.number();
    auto hash = in.bytes();
    VARVE_CHECK(in.finish());
    if (hash.size() != at.hash.size())
      return failure(errc::store_failed, "a position's bytes are damaged");
    std::copy(hash.begin(), hash.end(), at.hash.begin());
  }
  return ok();
}

void projection::apply(const log::record& r) {
  auto at = r.at();
  auto& mine = places_[at.partition];
  if (has_stopped() || at.index != mine.next)
    return;
  auto folded = fold_entries(r.view());
  if (!folded)
    return stop(name_of(at), folded.error());
  mine.next = at.index + 1;
  mine.hash = r.hash();
  mine.has_rows = mine.has_rows || folded.value();
  if (mine.unwritten++ == 0)
    moved_.push_back(at.partition);
}

// Whether it concerned us at all.
result<bool> projection::fold_entries(const schema::Record& record) {
  bool concerned = false;
  for (const auto* entry : *record.entries()) {
    if (!concerns(entry->aggregate()))
      continue;
    VARVE_CHECK(fold(record, *entry));
    concerned = true;
  }
  return concerned;
}

void projection::move_to(rocksdb::WriteBatch& batch, bool every_position) {
  if (has_stopped())
    return;
  move_rows_to(batch);
  std::erase_if(moved_, [&](std::uint16_t p) {
    auto& mine = places_[p];
    if (!every_position && !mine.has_rows && mine.unwritten < position_every)
      return false;
    rows_.put(batch, position_key(p), encode(mine.next, mine.hash));
    mine.unwritten = 0;
    mine.has_rows = false;
    return true;
  });
}

} // namespace varve::projections
