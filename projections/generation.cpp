#include "projections/generation.hpp"

#include <algorithm>

#include "events/base/logging.hpp"
#include "projections/row.hpp"

namespace varve::projections {

namespace {

// Generation 0 holds no rows but this one.
area pointer_area(const database& base) {
  return {base, 0, 'g'};
}
constexpr std::string_view pointer_key = "serving";

bool has_rows(const database& base, std::uint32_t from, std::uint32_t to) {
  area lowest{base, from, '\0'};
  area highest{base, to, '\0'};
  auto upper_text = highest.prefix();
  rocksdb::Slice upper{upper_text};
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> it{
      base.db.NewIterator(options, &base.family)};
  it->Seek(lowest.prefix());
  return it->Valid();
}

} // namespace

result<std::shared_ptr<generation>> generation::open(database base,
                                                     std::uint32_t number) {
  auto made = std::make_shared<generation>(base, number);
  for (auto* each : made->each()) {
    VARVE_CHECK(each->load());
  }
  made->publish_positions();
  return made;
}

generation::generation(database base, std::uint32_t number)
    : base_{base}, number_{number}, sandboxes_{base, number},
      snapshots_{base, number}, api_keys_{base, number},
      organizations_{base, number}, runners_{base, number},
      registries_{base, number}, warm_pools_{base, number} {
  // nop
}

generation::~generation() {
  if (!retired_.load(std::memory_order_acquire))
    return;
  rocksdb::WriteBatch batch;
  area::erase_generations(batch, base_, number_, number_ + 1);
  if (auto erased = base_.write(batch); !erased)
    log_warning("projections", erased.error().detail);
}

void generation::apply(const log::record& r) {
  for (auto* each : each())
    each->apply(r);
}

void generation::commit(bool every_position) {
  rocksdb::WriteBatch batch;
  for (auto* each : each())
    each->move_to(batch, every_position);
  if (batch.Count() > 0)
    if (auto written = base_.write(batch); !written)
      for (auto* each : each())
        each->stop("a write", written.error());
  publish_positions();
}

std::uint64_t generation::next(std::uint16_t partition) const noexcept {
  bool any = false;
  std::uint64_t lowest = 0;
  for (const auto* each : all()) {
    if (each->has_stopped())
      continue;
    auto theirs = each->next(partition);
    lowest = any ? std::min(lowest, theirs) : theirs;
    any = true;
  }
  return any ? lowest : applied(partition);
}

bool generation::has_stopped() const noexcept {
  auto each = all();
  return std::all_of(each.begin(), each.end(),
                     [](const auto* p) { return p->has_stopped(); });
}

void generation::publish_positions() noexcept {
  for (std::uint16_t p = 0; p < log::partition_count; ++p)
    applied_[p].store(next(p), std::memory_order_release);
}

result<pointer> serving_generation(const database& base) {
  VARVE_TRY(auto row, pointer_area(base).get(pointer_key));
  pointer out;
  if (!row)
    return out;
  row_reader in{*row};
  auto format = in.as<std::uint32_t>();
  out.number = in.as<std::uint32_t>();
  out.is_readable = in.finish().has_value() && format == row_format;
  return out;
}

void serve_generation(rocksdb::WriteBatch& batch, const database& base,
                      std::uint32_t number) {
  pointer_area(base).put(batch, pointer_key,
                         row_writer{}.number(row_format).number(number).take());
}

result<void> erase_others(const database& base, std::uint32_t number) {
  rocksdb::WriteBatch batch;
  if (has_rows(base, 1, number))
    area::erase_generations(batch, base, 1, number);
  if (has_rows(base, number + 1, UINT32_MAX))
    area::erase_generations(batch, base, number + 1, UINT32_MAX);
  return batch.Count() > 0 ? base.write(batch) : ok();
}

} // namespace varve::projections
