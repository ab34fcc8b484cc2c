// Verbs that work on the data directory itself.
#include <cstdio>
#include <filesystem>

#include "ops/backup.hpp"
#include "ops/commands.hpp"
#include "ops/files.hpp"
#include "ops/node.hpp"
#include "runner/host/runner_host.hpp"

namespace varve::ops {

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
                     "images", "objects", "sandboxes", "log-place", "node"}) {
    fs::remove_all(fs::path{chosen.data_dir} / name, problem);
    if (problem)
      return failure(errc::io, std::string{"cannot remove "} + name + ": "
                                   + problem.message());
  }
  return ok();
}

} // namespace varve::ops
