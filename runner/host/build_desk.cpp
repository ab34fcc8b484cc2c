#include "runner/host/build_desk.hpp"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "events/base/clock.hpp"
#include "runner/builder/dockerfile.hpp"
#include "runner/host/runner_host.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds default_timeout{25 * 60'000};

build_request request_of(const schema::OperationT& operation) {
  build_request out;
  out.organization_id = operation.organization_id;
  out.name = operation.image;
  if (operation.build) {
    out.dockerfile = operation.build->dockerfile;
    out.context_hashes = operation.build->context_hashes;
  }
  return out;
}

build_means means_of(const machine& host) {
  build_means out{.where = host.where,
                  .addresses = host.addresses,
                  .groups = host.groups,
                  .cell_path = host.settings.cell_path,
                  .runtime = host.means.runtime,
                  .contexts_dir = host.settings.contexts_dir,
                  .limits = host.settings.builds};
  // Only crun leaves control groups alone and runs where others cannot.
  if (host.means.runtime_cgroups)
    out.cell_path.clear();
  return out;
}

std::string logins_directory(const machine& host) {
  return host.where.run() + "/logins";
}

} // namespace

struct build_desk::job {
  build_request what;
  std::vector<registry_login> logins; // of who asked first
  std::chrono::milliseconds limit{};
  std::vector<schema::OperationT> operations; // that wait for it
  unique_fd cancel_read, cancel_write;
};

const std::string& owner_of(const schema::OperationT& operation) noexcept {
  return operation.snapshot_id.empty() ? operation.sandbox_id
                                       : operation.snapshot_id;
}

std::vector<registry_login> logins_of(const schema::OperationT& operation) {
  std::vector<registry_login> out;
  for (const auto& it : operation.logins)
    out.push_back({it->host, it->username, it->password});
  return out;
}

build_desk::build_desk(const machine& host, registry_access access,
                       ending ended)
    : host_(host), access_(std::move(access)), means_(means_of(host)),
      ended_(std::move(ended)), workers_(builder::places) {
  // nop
}

build_desk::~build_desk() {
  close();
}

void build_desk::close() {
  {
    std::lock_guard lock{guard_};
    is_closed_ = true;
    for (const auto& it : jobs_)
      it->cancel_write.reset(); // readable from now on
  }
  workers_.close();
}

void build_desk::submit(schema::OperationT operation) {
  std::lock_guard lock{guard_};
  if (is_closed_)
    return;
  auto what = request_of(operation);
  for (const auto& it : jobs_) {
    if (it->what.organization_id != what.organization_id
        || it->what.dockerfile != what.dockerfile
        || it->what.context_hashes != what.context_hashes)
      continue;
    if (!it->operations.empty())
      host_.images->copy_log(owner_of(it->operations.front()),
                             owner_of(operation));
    it->operations.push_back(std::move(operation));
    return;
  }
  auto made = std::make_shared<job>();
  made->what = std::move(what);
  made->logins = logins_of(operation);
  made->limit = std::chrono::milliseconds{operation.timeout_ms};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return; // it stays owed
  made->cancel_read.reset(ends[0]);
  made->cancel_write.reset(ends[1]);
  made->operations.push_back(std::move(operation));
  jobs_.push_back(made);
  workers_.submit([this, made] { work(made); });
}

void build_desk::abandon(const std::string& owner) {
  std::lock_guard lock{guard_};
  for (auto it = jobs_.begin(); it != jobs_.end();) {
    auto& waiting = (*it)->operations;
    std::erase_if(waiting, [&](const schema::OperationT& operation) {
      return owner_of(operation) == owner;
    });
    if (!waiting.empty()) {
      ++it;
      continue;
    }
    // Whoever asks for the same from here on begins anew.
    (*it)->cancel_write.reset();
    it = jobs_.erase(it);
  }
}

void build_desk::say(const job_ptr& which, const std::string& line) {
  std::lock_guard lock{guard_};
  for (const auto& operation : which->operations)
    host_.images->note(owner_of(operation), line);
}

unsigned build_desk::take_place() {
  std::lock_guard lock{guard_};
  for (unsigned place = 0; place < builder::places; ++place)
    if ((places_taken_ & (1u << place)) == 0) {
      places_taken_ |= 1u << place;
      return place;
    }
  return 0; // there are as many as workers
}

// Those that waited for too long are answered before anything is done.
void build_desk::drop_expired(const job_ptr& which) {
  std::vector<schema::OperationT> late;
  auto now = system_clock{}.now();
  {
    std::lock_guard lock{guard_};
    auto& waiting = which->operations;
    auto first_late = std::stable_partition(
        waiting.begin(), waiting.end(), [&](const schema::OperationT& it) {
          return it.queue_until == 0 || now <= it.queue_until;
        });
    std::move(first_late, waiting.end(), std::back_inserter(late));
    waiting.erase(first_late, waiting.end());
    if (waiting.empty())
      jobs_.remove(which);
  }
  for (const auto& operation : late)
    ended_(operation,
           failure(errc::too_busy, "The runner was too busy for the build"));
}

void build_desk::work(const job_ptr& which) {
  drop_expired(which);
  {
    std::lock_guard lock{guard_};
    if (which->operations.empty() || is_closed_)
      return;
  }
  auto kept = host_.images->keep_all();
  auto done = build(which);
  std::vector<schema::OperationT> waiting;
  {
    std::lock_guard lock{guard_};
    waiting.swap(which->operations);
    jobs_.remove(which);
    if (is_closed_ && !done && done.error().code == errc::shutting_down)
      return; // they stay owed
  }
  for (const auto& operation : waiting)
    ended_(operation, done);
}

result<image> build_desk::build(const job_ptr& which) {
  auto limit = which->limit.count() > 0 ? which->limit : default_timeout;
  auto until = steady_clock::now() + limit;
  auto cancel = which->cancel_read.get();
  auto tell = [this, which](const std::string& line) { say(which, line); };
  VARVE_TRY(auto logins,
            login_file::make(logins_directory(host_), which->logins));
  puller pulls{*host_.images, access_, {}, until, cancel};
  pulls.say_to(tell);
  if (!logins.path().empty())
    pulls.log_in_with(logins.path());
  builder with{*host_.images, means_, pulls, which->what, until, cancel};
  with.say = tell;
  auto place = take_place();
  auto done = with.build(place);
  std::lock_guard lock{guard_};
  places_taken_ &= ~(1u << place);
  return done;
}

result<std::string> build_desk::resolve(const schema::OperationT& operation,
                                        steady_clock::time_point until,
                                        int cancel) {
  VARVE_TRY(auto logins,
            login_file::make(logins_directory(host_), logins_of(operation)));
  puller pulls{*host_.images, access_, owner_of(operation), until, cancel};
  if (!logins.path().empty())
    pulls.log_in_with(logins.path());
  builder with{*host_.images,         means_, pulls,
               request_of(operation), until,  cancel};
  with.say = [&](const std::string& line) {
    host_.images->note(owner_of(operation), line);
  };
  return with.resolve();
}

bool needs_logins(schema::OperationKind kind) noexcept {
  return kind == schema::OperationKind::Resolve
         || kind == schema::OperationKind::Pull
         || kind == schema::OperationKind::Build;
}

std::vector<std::string> images_of(const schema::OperationT& operation) {
  if (!operation.build)
    return {operation.image};
  auto found = images_in(operation.build->dockerfile);
  return found ? std::move(found.value()) : std::vector<std::string>{};
}

} // namespace varve::runner
