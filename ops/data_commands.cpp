// Verbs that work on the data directory itself.
#include <cstdio>
#include <filesystem>

#include "events/local_store.hpp"
#include "events/record_json.hpp"
#include "events/verify.hpp"
#include "ops/backup.hpp"
#include "ops/commands.hpp"
#include "ops/files.hpp"
#include "ops/node.hpp"
#include "runner/host/runner_host.hpp"

namespace varve::ops {

namespace {

// Also beside a running server: as of now, and never written.
result<std::unique_ptr<log::local_store>> look_at(const options& chosen) {
  log::store_options settings;
  settings.path = chosen.data_dir + "/log";
  settings.read_only = true;
  return log::local_store::open(settings);
}

result<void> verify(const options& chosen) {
  VARVE_TRY(auto store, look_at(chosen));
  VARVE_TRY(auto found, log::verify_chains(*store));
  std::printf("%llu records, %llu bytes, every chain is whole\n",
              static_cast<unsigned long long>(found.records),
              static_cast<unsigned long long>(found.bytes));
  return ok();
}

// Partition by partition, each in the order of its chain.
result<void> dump(const options& chosen) {
  constexpr std::size_t at_once = 1024;
  VARVE_TRY(auto store, look_at(chosen));
  for (std::uint16_t p = 0; p < log::partition_count; ++p)
    for (std::uint64_t from = 0;;) {
      VARVE_TRY(auto records, store->read(p, from, at_once));
      if (records.empty())
        break;
      for (const auto& record : records)
        std::puts(log::to_json(*record).c_str());
      from += records.size();
    }
  return ok();
}

} // namespace

result<void> log(const options& chosen) {
  if (chosen.arguments.size() == 1 && chosen.arguments[0] == "verify")
    return verify(chosen);
  if (chosen.arguments.size() == 1 && chosen.arguments[0] == "dump")
    return dump(chosen);
  return failure(errc::invalid, "usage: varve log dump | verify");
}

result<void> restore(const options& chosen) {
  if (chosen.arguments.size() != 1)
    return failure(errc::invalid, "usage: varve restore DIR");
  VARVE_CHECK(restore_backup(chosen.arguments[0], chosen.data_dir));
  std::printf("restored into %s\n", chosen.data_dir.c_str());
  return ok();
}

result<void> stop_all(const options& chosen) {
  VARVE_TRY(auto lock, file_lock::take(chosen.data_dir + "/lock"));
  return runner::stop_all(runner_settings(chosen));
}

// The key of secrets goes first: from there on nothing can be read any more.
result<void> purge(const options& chosen) {
  namespace fs = std::filesystem;
  VARVE_TRY(auto lock, file_lock::take(chosen.data_dir + "/lock"));
  VARVE_CHECK(runner::purge(runner_settings(chosen)));
  std::error_code problem;
  for (auto* name : {"master.key", "api-key", "admin.sock", "journal", "log",
                     "images", "sandboxes"}) {
    fs::remove_all(fs::path{chosen.data_dir} / name, problem);
    if (problem)
      return failure(errc::io, std::string{"cannot remove "} + name + ": "
                                   + problem.message());
  }
  return ok();
}

} // namespace varve::ops
