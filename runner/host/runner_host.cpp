#include "runner/host/runner_host.hpp"

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "events/base/clock.hpp"
#include "events/base/logging.hpp"
#include "runner/host/services.hpp"
#include "runner/host/supervisor.hpp"
#include "runner/operations/recovery.hpp"
#include "runner/sandbox/toolbox_socket.hpp"

namespace varve::runner {

namespace {

// Mostly waiting for a guest that was asked to end.
constexpr unsigned ending_threads = 16;
// Mostly waiting for the disk, or compressing for it.
constexpr unsigned moving_threads = 2;
constexpr std::chrono::seconds actor_limit{10};

capacity measure(const std::string& data_dir) {
  capacity out;
  struct sysinfo info {};
  if (::sysinfo(&info) == 0)
    out.memory_mib = static_cast<std::uint32_t>(
        info.totalram * std::uint64_t{info.mem_unit} >> 20);
  out.cpu_millis = static_cast<std::uint32_t>(::get_nprocs()) * 1000;
  struct statvfs disk {};
  if (::statvfs(data_dir.c_str(), &disk) == 0)
    out.disk_gib = static_cast<std::uint32_t>(
        disk.f_blocks * std::uint64_t{disk.f_frsize} >> 30);
  return out;
}

// Sandboxes may run already: not for a moment may they reach more than before.
std::unique_ptr<network_guard> guard_of(const machine& host,
                                        const ledger& book) {
  auto out = std::make_unique<network_guard>(host);
  for (const auto& sandbox : book.sandboxes())
    if (sandbox.network && sandbox.slot < address_plan::slots)
      out->know(host.addresses.address(sandbox.slot),
                {sandbox.network->block_all, sandbox.network->allow_list});
  return out;
}

} // namespace

struct runner_host::impl {
  caf::actor_system& system;
  services_ptr shared;
  capacity total;
  supervisor_actor head;
  std::string runner_id, journal_id;
  std::shared_mutex guard; // held to write while the host closes
  bool is_closed = false;
};

runner_host::runner_host(std::unique_ptr<impl> state)
    : state_(std::move(state)) {
  // nop
}

runner_host::~runner_host() {
  shutdown();
}

result<std::unique_ptr<runner_host>>
runner_host::open(caf::actor_system& system, config settings,
                  report_sink& sink) {
  auto shared = std::make_shared<services>();
  shared->sink = &sink;
  VARVE_TRY(shared->host, machine::open(settings));
  shared->uses = std::make_unique<use_book>(system_clock{}.now());
  VARVE_TRY(auto book, journal::open(shared->host->where.journal()));
  VARVE_TRY(shared->book, ledger::open(*shared->host, std::move(book)));
  shared->starved = std::make_unique<oom_kills>(*shared->host, *shared->book);
  VARVE_CHECK(shared->host->disks->choose(settings.disk_limit));
  shared->network = guard_of(*shared->host, *shared->book);
  VARVE_CHECK(shared->network->raise());
  VARVE_TRY(auto found,
            recover(*shared->host, *shared->book, settings.warm_count > 0));
  shared->host->disks->keep_ready(settings.ready_disks);
  shared->starts =
      std::make_unique<worker_pool>(std::max(1u, settings.concurrent_starts));
  shared->ends = std::make_unique<worker_pool>(ending_threads);
  shared->moves = std::make_unique<worker_pool>(moving_threads);
  VARVE_TRY(shared->images, image_desk::open(*shared->host, sink));
  auto head = system.spawn(supervisor, shared);
  VARVE_TRY(shared->watch,
            watcher::start([head, s = shared.get()](const std::string& id) {
              if (is_warm_id(id))
                s->warm->ended(id);
              else
                caf::anon_send(head, ended_atom::value, id);
            }));
  shared->warm = std::make_unique<warm_keeper>(*shared->host, *shared->book,
                                               *shared->network, *shared->watch,
                                               std::move(found.waiting));
  for (auto& id : found.running)
    shared->watch_running(id);
  for (auto& operation : found.to_resume)
    caf::anon_send(head,
                   operation_ptr{std::make_shared<const schema::OperationT>(
                       std::move(operation))},
                   true);
  auto total = measure(shared->host->where.data());
  std::unique_ptr<impl> state{new impl{.system = system,
                                       .shared = shared,
                                       .total = total,
                                       .head = std::move(head),
                                       .runner_id = shared->host->runner_id,
                                       .journal_id = shared->book->journal_id(),
                                       .guard = {},
                                       .is_closed = false}};
  std::unique_ptr<runner_host> out{new runner_host(std::move(state))};
  out->request_inventory();
  return out;
}

const std::string& runner_host::runner_id() const noexcept {
  return state_->runner_id;
}

const std::string& runner_host::journal_id() const noexcept {
  return state_->journal_id;
}

capacity runner_host::total() const noexcept {
  return state_->total;
}

start_queue runner_host::starts() const noexcept {
  const auto& load = state_->shared->start_load;
  return {load.waiting, load.working};
}

std::string_view runner_host::disk_limit() const noexcept {
  return name_of(state_->shared->host->disks->method());
}

void runner_host::submit(schema::OperationT operation) {
  std::shared_lock lock{state_->guard};
  if (state_->is_closed)
    return;
  if (is_of_images(operation.kind))
    return state_->shared->images->submit(std::move(operation));
  if (operation.kind == schema::OperationKind::Destroy)
    state_->shared->images->abandon(operation.sandbox_id);
  caf::anon_send(state_->head,
                 operation_ptr{std::make_shared<const schema::OperationT>(
                     std::move(operation))},
                 false);
}

void runner_host::acknowledge(std::string_view sandbox_id,
                              std::uint64_t sequence) {
  std::shared_lock lock{state_->guard};
  if (!state_->is_closed)
    state_->shared->book->acknowledge(sandbox_id, sequence);
}

void runner_host::request_inventory() {
  std::shared_lock lock{state_->guard};
  if (!state_->is_closed)
    caf::anon_send(state_->head, inventory_atom::value);
}

result<int> runner_host::connect_toolbox(std::string_view sandbox_id) const {
  if (!is_safe_id(sandbox_id))
    return failure(errc::not_found, "no such sandbox");
  VARVE_TRY(auto fd, connect_toolbox_socket(
                         state_->shared->host->where.run_sandbox(sandbox_id)));
  return fd.release();
}

void runner_host::keep_warm(std::vector<warm_wish> wishes) {
  std::shared_lock lock{state_->guard};
  if (!state_->is_closed)
    state_->shared->warm->keep(std::move(wishes));
}

std::size_t runner_host::warm_waiting(const std::string& organization_id,
                                      const std::string& image_ref) const {
  return state_->shared->warm->pool().waiting_of(organization_id, image_ref);
}

void runner_host::note_use(std::string_view sandbox_id, std::uint64_t at) {
  state_->shared->uses->note(sandbox_id, at);
}

result<std::string> runner_host::read_image_log(std::string_view id,
                                                std::uint64_t from,
                                                std::size_t most) const {
  return state_->shared->host->images->read_log(id, from, most);
}

void runner_host::shutdown() {
  {
    std::unique_lock lock{state_->guard};
    if (std::exchange(state_->is_closed, true))
      return;
  }
  auto& shared = *state_->shared;
  shared.warm->close();
  shared.images->close();
  shared.starts->close();
  shared.ends->close();
  shared.watch.reset();
  caf::scoped_actor waiter{state_->system};
  waiter->monitor(state_->head);
  waiter->send_exit(state_->head, caf::exit_reason::user_shutdown);
  waiter->receive(
      [](const caf::down_msg&) {},
      caf::after(actor_limit) >>
          [] { log_failure("runner", "the supervisor does not end"); });
  // Actors on their way out may hold the services, but no worker is left to
  // use the journal; the next host must find it unlocked.
  shared.book.reset();
}

} // namespace varve::runner
