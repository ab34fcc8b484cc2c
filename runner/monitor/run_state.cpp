#include "runner/monitor/run_state.hpp"

#include <cstdio>

#include "runner/kernel/files.hpp"

namespace varve::runner {

result<void> write_process(const std::string& path, const process_id& id) {
  return write_file_atomic(
      path, std::to_string(id.pid) + " " + std::to_string(id.start) + "\n",
      0600, false);
}

result<process_id> read_process(const std::string& path) {
  VARVE_TRY(auto text, read_file(path));
  int pid = 0;
  unsigned long long start = 0;
  if (std::sscanf(text.c_str(), "%d %llu", &pid, &start) != 2 || pid <= 0)
    return failure(errc::malformed, path + " names no process");
  return process_id{pid, start};
}

result<void> write_exit(const std::string& directory, const exit_report& how) {
  auto text = std::string{how.signalled ? "signal " : "exit "}
              + std::to_string(how.code) + "\n" + how.text;
  return write_file_atomic(directory + "/exit", text, 0600, false);
}

result<exit_report> read_exit(const std::string& directory) {
  VARVE_TRY(auto text, read_file(directory + "/exit"));
  exit_report out;
  char word[8] = {};
  if (std::sscanf(text.c_str(), "%7s %d", word, &out.code) != 2)
    return failure(errc::malformed, "unreadable exit report");
  out.signalled = std::string{word} == "signal";
  out.text = text.substr(std::min(text.size(), text.find('\n') + 1));
  return out;
}

} // namespace varve::runner
