#include "runner/operations/claim_steps.hpp"

#include <array>
#include <cstdio>

#include <sys/stat.h>

#include "runner/kernel/system_error.hpp"
#include "runner/sandbox/host_name.hpp"
#include "runner/sandbox/image.hpp"
#include "runner/sandbox/sandbox_files.hpp"
#include "runner/sandbox/toolbox_socket.hpp"

namespace varve::runner {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds known_toolbox_limit{2000};

result<void> wait_waiting(execution& e) {
  VARVE_TRY(auto waits, ask_toolbox_waits(e.host.where.run_sandbox(e.id()),
                                          e.deadline, e.cancel));
  if (!waits)
    return failure(errc::runner_failed, "the toolbox does not wait");
  return ok();
}

result<void> take_files(execution& e) {
  return take_sandbox_files(e.host.where, e.claims, e.id(),
                            e.operation.version);
}

result<void> rename_to(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0)
    return last_error("rename " + from);
  return ok();
}

result<void> take_run_directory(execution& e) {
  const auto& where = e.host.where;
  VARVE_CHECK(keep_group(where.run_sandbox(e.claims), e.claims));
  VARVE_CHECK(rename_to(where.runtime_state() + "/" + e.claims,
                        where.runtime_state() + "/" + e.id()));
  return rename_to(where.run_sandbox(e.claims), where.run_sandbox(e.id()));
}

result<void> take_host_name(execution& e) {
  auto running = find_running(e.host.where, e.id(), e.host.means.boot_id);
  if (!running)
    return failure(errc::runner_failed, "the one that waited has ended");
  return set_host_name(running->pid_1, running->pidfd.get(), e.id(),
                       dotted(e.host.addresses.address(e.slot)));
}

result<void> tell_pid_1(execution& e) {
  VARVE_TRY(auto from, image_of(e));
  VARVE_TRY(e.toolbox_version,
            claim_toolbox(e.host.where.run_sandbox(e.id()),
                          guest_config_text(guest_of(e), from), e.deadline,
                          e.cancel));
  return ok();
}

constexpr std::array waiting_table{step{"waiting", wait_waiting}};
constexpr std::array taking_table{step{"files", take_files},
                                  step{"run", take_run_directory},
                                  step{"name", take_host_name}};
constexpr std::array telling_table{step{"told", tell_pid_1}};

// All of a start but that the toolbox names its version.
std::span<const step> early_start_steps() {
  auto all = start_steps();
  return all.first(all.size() - 1);
}

result<void> start_all(execution& e) {
  VARVE_CHECK(run_steps(e, file_steps(), "refill"));
  VARVE_CHECK(run_steps(e, early_start_steps(), "refill"));
  return run_steps(e, waiting_table, "refill");
}

bool runs_this_toolbox(const machine& host, pid_t pid) {
  struct stat runs {
  }, ours{};
  auto exe = "/proc/" + std::to_string(pid) + "/exe";
  return ::stat(exe.c_str(), &runs) == 0
         && ::stat(host.means.toolbox_path.c_str(), &ours) == 0
         && runs.st_dev == ours.st_dev && runs.st_ino == ours.st_ino;
}

} // namespace

result<void> start_waiting(execution& e) {
  e.waits = true;
  auto started = start_all(e);
  if (started)
    return ok();
  if (e.start)
    e.start->abandon();
  e.start.reset();
  e.layer.reset();
  VARVE_CHECK(remove_waiting(e.host, e.id(), e.slot));
  return started;
}

result<void> claim(execution& e) {
  VARVE_CHECK(run_steps(e, taking_table, "claim"));
  VARVE_CHECK(run_steps(e, steps_of(schema::OperationKind::Adjust), "claim"));
  return run_steps(e, telling_table, "claim");
}

result<void> remove_waiting(const machine& host, const std::string& id,
                            std::uint32_t slot) {
  schema::OperationT nothing;
  nothing.sandbox_id = id;
  execution e{.host = host, .operation = nothing, .slot = slot};
  return run_steps(e, steps_of(schema::OperationKind::Destroy), "shed");
}

bool waits_well(const machine& host, const std::string& id) {
  auto running = find_running(host.where, id, host.means.boot_id);
  if (!running || !runs_this_toolbox(host, running->pid_1.pid))
    return false;
  auto waits = ask_toolbox_waits(host.where.run_sandbox(id),
                                 steady_clock::now() + known_toolbox_limit, -1);
  return waits && waits.value();
}

std::vector<std::string> claim_crash_points() {
  std::vector<std::string> out;
  auto add = [&](const char* name, std::span<const step> steps) {
    for (const auto& step : steps)
      out.push_back(std::string{name} + "." + step.name);
  };
  out.emplace_back("refill.held");
  add("refill", file_steps());
  add("refill", early_start_steps());
  add("refill", waiting_table);
  out.emplace_back("refill.kept");
  add("claim", taking_table);
  add("claim", steps_of(schema::OperationKind::Adjust));
  add("claim", telling_table);
  return out;
}

} // namespace varve::runner
