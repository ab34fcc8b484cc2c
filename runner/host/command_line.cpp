// What the command line does without a server.
#include "runner/host/runner_host.hpp"

#include "events/base/ids.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/loop_device.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/operations/executor.hpp"
#include "runner/operations/recovery.hpp"
#include "runner/sandbox/sandbox_files.hpp"

namespace varve::runner {

namespace {

using kind = schema::OperationKind;

// A runner without actors, for one run over all sandboxes.
struct bare_runner {
  std::unique_ptr<machine> host;
  std::unique_ptr<ledger> book;

  static result<bare_runner> open(const config& settings) {
    bare_runner out;
    VARVE_TRY(auto where, layout::open(settings.data_dir, settings.run_dir));
    // The journal first: it is locked while a server has it.
    VARVE_TRY(auto book, journal::open(where.journal()));
    VARVE_TRY(out.host, machine::open(settings));
    VARVE_TRY(out.book, ledger::open(*out.host, std::move(book)));
    VARVE_CHECK(recover(*out.host, *out.book));
    return out;
  }

  // For the server that comes next, which asked for nothing.
  result<void> say_who_stopped(const std::string& sandbox_id) {
    schema::ObservationT seen;
    seen.sandbox_id = sandbox_id;
    seen.present = schema::Present::Stopped;
    seen.cause = schema::Cause::Operator;
    seen.detail = "stopped with the whole server";
    VARVE_CHECK(book->remark(std::move(seen)));
    return ok();
  }

  result<void> for_all(kind what) {
    for (auto& sandbox : book->sandboxes()) {
      schema::OperationT operation;
      operation.id = uuid::v4().str();
      operation.kind = what;
      operation.sandbox_id = sandbox.sandbox_id;
      operation.version = sandbox.version;
      // The runner's own wish: no fence applies to it.
      VARVE_TRY(auto outcome, executor(*host, *book).execute(operation, true));
      if (outcome.result != schema::Result::Done)
        return failure(errc::runner_failed,
                       sandbox.sandbox_id + ": " + outcome.error);
      auto ran = sandbox.present == schema::Present::Running
                 || sandbox.present == schema::Present::Paused;
      if (what == kind::Stop && ran) {
        VARVE_CHECK(say_who_stopped(sandbox.sandbox_id));
      }
    }
    return ok();
  }
};

result<void> prove_nothing_left(const layout& where) {
  std::string left;
  auto note = [&](const std::string& what) {
    left += (left.empty() ? "" : ", ") + what;
  };
  VARVE_TRY(auto links, list_directory("/sys/class/net"));
  for (auto& name : links)
    if (name.rfind(where.link_prefix(), 0) == 0)
      note("link " + name);
  VARVE_TRY(auto mounts, read_file("/proc/self/mountinfo", 16 << 20));
  if (mounts.find(where.run()) != std::string::npos)
    note("a mount below " + where.run());
  VARVE_TRY(auto disks, list_loops_below(where.data()));
  if (!disks.empty())
    note("loop devices over " + disks);
  if (exists(where.run()))
    note(where.run());
  if (exists(where.sandboxes()))
    note(where.sandboxes());
  auto groups = cgroups::open(where.cgroup());
  if (groups) {
    if (!groups.value().list().empty())
      note("control groups of " + where.cgroup());
    VARVE_CHECK(groups.value().remove_all());
  }
  if (!left.empty())
    return failure(errc::runner_failed, "left over: " + left);
  return ok();
}

} // namespace

result<void> stop_all(const config& settings) {
  VARVE_TRY(auto runner, bare_runner::open(settings));
  return runner.for_all(kind::Stop);
}

result<void> purge(const config& settings) {
  VARVE_TRY(auto runner, bare_runner::open(settings));
  VARVE_CHECK(runner.for_all(kind::Destroy));
  auto where = runner.host->where;
  VARVE_CHECK(runner.host->close_down());
  runner.book.reset();
  VARVE_CHECK(remove_tree(where.sandboxes()));
  VARVE_CHECK(remove_tree(where.archives()));
  VARVE_CHECK(remove_tree(where.image_store()));
  VARVE_CHECK(remove_tree(where.disks()));
  VARVE_CHECK(remove_tree(where.journal()));
  VARVE_CHECK(remove_file(where.journal() + ".reserve"));
  return prove_nothing_left(where);
}

} // namespace varve::runner
