#include "ops/stored_log.hpp"

namespace varve::ops {

namespace {

constexpr std::size_t at_once = 1024;

} // namespace

result<std::unique_ptr<log::local_store>> open_to_read(const options& chosen) {
  log::store_options settings;
  settings.path = chosen.data_dir + "/log";
  settings.read_only = true;
  return log::local_store::open(settings);
}

result<void>
for_each_record(log::local_store& store,
                const std::function<bool(const log::record_ptr&)>& visit) {
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    auto goes_on = true;
    for (std::uint64_t from = 0; goes_on;) {
      VARVE_TRY(auto records, store.read(p, from, at_once));
      from += records.size();
      goes_on = !records.empty();
      for (auto r = records.begin(); goes_on && r != records.end(); ++r)
        goes_on = visit(*r);
    }
  }
  return ok();
}

} // namespace varve::ops
