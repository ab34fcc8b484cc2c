#include "runner/host/warm_keeper.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/operations/claim_steps.hpp"
#include "runner/operations/crash_point.hpp"

namespace varve::runner {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A claim is followed by a first command, which comes before the next refill;
// but where creates never cease, that does not wait for ever.
constexpr milliseconds calm{60};
constexpr milliseconds longest_calm{500};
constexpr milliseconds start_limit{60'000};
constexpr std::uint64_t least_free_disk = 1ull << 30;
constexpr std::uint64_t guessed_memory = 16ull << 20; // of one that is new

// Less than a sixteenth of all, within bounds, is short.
constexpr std::uint64_t least_reserve = 256ull << 20;
constexpr std::uint64_t most_reserve = 2ull << 30;

std::uint64_t bytes_named(const std::string& text, const char* name) {
  auto at = text.find(name);
  if (at == std::string::npos)
    return 0;
  return std::strtoull(text.c_str() + text.find(':', at) + 1, nullptr, 10)
         << 10;
}

} // namespace

warm_keeper::warm_keeper(const machine& host, ledger& book,
                         network_guard& network, watcher& watch,
                         std::vector<schema::JournalSandboxT> waiting)
    : host_(host), book_(book), network_(network), watch_(watch),
      pool_(host.settings.warm_count) {
  for (const auto& one : waiting)
    adopt(one);
  if (pool_.most() > 0)
    thread_ = std::thread{[this] { run(); }};
}

warm_keeper::~warm_keeper() {
  close();
}

void warm_keeper::adopt(const schema::JournalSandboxT& waiting) {
  schema::SandboxSpecT spec;
  spec.image_ref = waiting.image_ref;
  if (waiting.waits->resources)
    spec.resources =
        std::make_unique<schema::Resources>(*waiting.waits->resources);
  const auto& owner = waiting.waits->organization_id;
  auto disk = spec.resources ? spec.resources->disk_gib() : 0;
  if (owner.empty()) // it was made since somebody had created such a one
    pool_.note_create(spec, system_clock{}.now());
  let_wait(
      {waiting.sandbox_id, waiting.slot, {owner, waiting.image_ref, disk}});
}

void warm_keeper::let_wait(waiting_sandbox one) {
  auto id = one.id;
  auto running = find_running(host_.where, id, host_.means.boot_id);
  // Watched first: once it is in the pool a create may take it.
  auto watched = running ? watch_.watch(id, std::move(running->pidfd)) : ok();
  pool_.put(std::move(one));
  if (!watched)
    log_failure("runner", watched.error().detail);
  if (!running)
    ended(id);
}

void warm_keeper::keep(std::vector<warm_wish> wishes) {
  pool_.set_wishes(std::move(wishes));
  {
    std::lock_guard l{guard_};
    is_ready_ = true;
  }
  look();
}

std::shared_ptr<void> warm_keeper::start_begins() {
  {
    std::lock_guard l{guard_};
    ++starts_;
  }
  return {this, [](void* self) {
            auto& keeper = *static_cast<warm_keeper*>(self);
            std::lock_guard l{keeper.guard_};
            --keeper.starts_;
            keeper.changed_.notify_all();
          }};
}

void warm_keeper::created(const schema::SandboxSpecT& spec) {
  if (pool_.most() == 0)
    return;
  pool_.note_create(spec, system_clock{}.now());
  for (const auto& id : pool_.taken())
    watch_.forget(id);
  {
    std::lock_guard l{guard_};
    quiet_until_ = steady_clock::now() + calm;
  }
  look();
}

void warm_keeper::ended(const std::string& id) {
  std::lock_guard l{guard_};
  ended_.push_back(id);
  changed_.notify_all();
}

void warm_keeper::look() {
  std::lock_guard l{guard_};
  if (!is_due_)
    due_since_ = steady_clock::now();
  is_due_ = true;
  changed_.notify_all();
}

void warm_keeper::close() {
  {
    std::lock_guard l{guard_};
    is_closed_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
}

// Memory that is short does not wait for anything.
bool warm_keeper::must_wait(lock& l) {
  if (!is_ready_ || !is_due_) {
    changed_.wait(l);
    return true;
  }
  if (is_memory_short())
    return false;
  auto now = steady_clock::now();
  auto until = std::min(quiet_until_, due_since_ + longest_calm);
  if (starts_ > 0) {
    changed_.wait(l);
    return true;
  }
  if (now < until) {
    changed_.wait_until(l, until);
    return true;
  }
  return false;
}

void warm_keeper::run() {
  lock l{guard_};
  while (!is_closed_) {
    if (!ended_.empty()) {
      auto id = std::move(ended_.front());
      ended_.pop_front();
      l.unlock();
      if (auto one = pool_.remove(id)) {
        pool_.note_failure(one->kind, system_clock{}.now());
        remove(*one, "it ended by itself");
      }
      l.lock();
      continue;
    }
    if (must_wait(l))
      continue;
    is_due_ = false;
    l.unlock();
    auto more = do_one();
    l.lock();
    if (more && !is_due_) {
      is_due_ = true;
      due_since_ = steady_clock::now();
    }
  }
}

bool warm_keeper::do_one() {
  if (is_memory_short()) {
    for (const auto& one : pool_.waiting())
      if (pool_.remove(one.id))
        remove(one, "memory is short");
    return false;
  }
  auto now = system_clock{}.now();
  if (auto one = pool_.take_surplus(now)) {
    remove(*one, "not wanted any more");
    return true;
  }
  auto wish = pool_.lacking(now);
  if (!wish || !has_room_for_one())
    return false;
  if (!start_one(*wish))
    pool_.note_failure(wish->kind, now);
  return true;
}

bool warm_keeper::has_room_for_one() const {
  if (free_bytes(host_.where.data()) < least_free_disk)
    return false;
  auto all = pool_.waiting();
  std::uint64_t used = 0;
  for (const auto& one : all)
    used += host_.groups.memory_used(one.id);
  auto each = all.empty() ? guessed_memory : used / all.size();
  return used + each <= std::uint64_t{host_.settings.warm_memory_mib} << 20;
}

bool warm_keeper::is_memory_short() const {
  auto text = read_file(host_.settings.memory_file);
  if (!text)
    return false;
  auto all = bytes_named(text.value(), "MemTotal");
  auto left = bytes_named(text.value(), "MemAvailable");
  return left < std::clamp(all / 16, least_reserve, most_reserve);
}

bool warm_keeper::start_one(const warm_wish& wish) {
  schema::OperationT operation;
  operation.kind = schema::OperationKind::Create;
  operation.sandbox_id = std::string{warm_prefix} + uuid::v4().str();
  operation.id = operation.sandbox_id;
  operation.spec = std::make_unique<schema::SandboxSpecT>();
  operation.spec->image_ref = wish.kind.image_ref;
  operation.spec->organization_id = wish.kind.organization_id;
  operation.spec->resources =
      std::make_unique<schema::Resources>(wish.resources);
  const auto& id = operation.sandbox_id;
  auto failed = [&](const error& why) {
    log_warning("runner", "no sandbox of " + wish.kind.image_ref
                              + " can wait: " + why.detail);
    return false;
  };
  auto place = book_.hold_place(id, *operation.spec);
  if (!place)
    return failed(place.error());
  crash_point("refill", "held");
  execution e{.host = host_,
              .operation = operation,
              .slot = place.value().slot,
              .image_ref = wish.kind.image_ref,
              .deadline = steady_clock::now() + start_limit};
  e.network = &network_;
  auto started = start_waiting(e);
  auto known = started ? book_.set_present(id, schema::Present::Running)
                       : book_.erase(id);
  if (!started)
    return failed(started.error());
  if (!known)
    return failed(known.error());
  crash_point("refill", "kept");
  let_wait({id, place.value().slot, wish.kind});
  return true;
}

// Who has its slot meanwhile does not matter: it was taken out of the pool, so
// nobody can claim it.
void warm_keeper::remove(const waiting_sandbox& one, const char* why) {
  log_info("runner", one.id + " waits no more: " + why);
  watch_.forget(one.id);
  auto removed = remove_waiting(host_, one.id, one.slot);
  if (removed)
    removed = book_.erase(one.id);
  if (!removed)
    log_failure("runner", one.id + ": " + removed.error().detail);
}

} // namespace varve::runner
