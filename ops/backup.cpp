#include "ops/backup.hpp"

#include <array>
#include <filesystem>

#include "ops/files.hpp"

namespace varve::ops {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kept_files{"master.key", "api-key",
                                                     "log-place"};

result<void> copy_private(const fs::path& from, const fs::path& to) {
  auto content = read_file(from.string());
  if (!content) {
    if (content.error().code == errc::not_found)
      return ok();
    return content.as_failure();
  }
  return write_private_file(to.string(), content.value());
}

result<void> check(const std::error_code& problem, std::string_view doing) {
  if (problem)
    return failure(errc::io, std::string{doing} + ": " + problem.message());
  return ok();
}

} // namespace

result<void> back_up(log::local_store& store, const std::string& data_dir,
                     const std::string& directory) {
  if (directory.empty() || directory.front() != '/')
    return failure(errc::invalid, "the backup needs an absolute path");
  std::error_code problem;
  if (fs::exists(directory, problem))
    return failure(errc::conflict, directory + " exists already");
  // Made under another name, so that a backup is whole or not there.
  auto unfinished = directory + ".unfinished";
  fs::remove_all(unfinished, problem);
  VARVE_CHECK(make_private_directory(unfinished));
  VARVE_CHECK(store.copy_to(unfinished + "/log"));
  for (auto name : kept_files) {
    VARVE_CHECK(
        copy_private(fs::path{data_dir} / name, fs::path{unfinished} / name));
  }
  fs::rename(unfinished, directory, problem);
  return check(problem, "cannot finish the backup");
}

result<void> restore_backup(const std::string& directory,
                            const std::string& data_dir) {
  std::error_code problem;
  if (!fs::exists(fs::path{directory} / "log" / "CURRENT", problem))
    return failure(errc::not_found, directory + " holds no backup");
  VARVE_CHECK(make_private_directory(data_dir));
  VARVE_TRY(auto lock, file_lock::take(data_dir + "/lock"));
  auto incoming = fs::path{data_dir} / "log.restoring";
  fs::remove_all(incoming, problem);
  fs::copy(fs::path{directory} / "log", incoming, fs::copy_options::recursive,
           problem);
  VARVE_CHECK(check(problem, "cannot copy the log"));
  for (auto name : kept_files) {
    VARVE_CHECK(
        copy_private(fs::path{directory} / name, fs::path{data_dir} / name));
  }
  fs::remove_all(fs::path{data_dir} / "log", problem);
  VARVE_CHECK(check(problem, "cannot remove the old log"));
  fs::rename(incoming, fs::path{data_dir} / "log", problem);
  VARVE_CHECK(check(problem, "cannot put the log in place"));
  fs::remove_all(fs::path{data_dir} / "journal", problem);
  return check(problem, "cannot remove the runner's journal");
}

} // namespace varve::ops
