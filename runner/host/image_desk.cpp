#include "runner/host/image_desk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "events/base/clock.hpp"
#include "events/base/logging.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

using kind = schema::OperationKind;

// Pulls wait for the network more than for the processor.
constexpr unsigned pulling_threads = 4;
constexpr std::chrono::milliseconds default_timeout{60'000};

schema::OutcomeT outcome_for(const schema::OperationT& operation) {
  schema::OutcomeT out;
  out.operation_id = operation.id;
  out.kind = operation.kind;
  out.sandbox_id = operation.sandbox_id;
  out.snapshot_id = operation.snapshot_id;
  out.version = operation.version;
  out.present = schema::Present::Absent;
  return out;
}

} // namespace

bool is_of_images(schema::OperationKind value) noexcept {
  return value == kind::Resolve || value == kind::Pull || value == kind::Build
         || value == kind::Release;
}

image_desk::image_desk(const machine& host, report_sink& sink)
    : host_(host), store_(*host.images), sink_(sink),
      workers_(pulling_threads) {
  const auto& settings = host.settings;
  access_.registries_conf = settings.registries_conf;
  access_.auth_file = settings.registry_auth;
  access_.unpack_path = settings.unpack_path;
  builds_ = std::make_unique<build_desk>(
      host, access_, [this](const schema::OperationT& operation, auto made) {
        built(operation, std::move(made));
      });
}

image_desk::~image_desk() {
  close();
}

result<std::unique_ptr<image_desk>> image_desk::open(const machine& host,
                                                     report_sink& sink) {
  std::unique_ptr<image_desk> out{new image_desk{host, sink}};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return last_error("pipe");
  out->cancel_read_.reset(ends[0]);
  out->cancel_write_.reset(ends[1]);
  // What sandboxes that went in the meantime used.
  out->workers_.submit([desk = out.get()] {
    if (auto done = desk->store_.collect(); !done)
      log_failure("images", done.error().detail);
  });
  return out;
}

void image_desk::close() {
  // Readable for everybody from now on.
  cancel_write_.reset();
  builds_->close();
  workers_.close();
}

void image_desk::forget(const std::string& operation_id) {
  std::lock_guard lock{guard_};
  in_work_.erase(operation_id);
}

void image_desk::submit(schema::OperationT operation) {
  {
    std::lock_guard lock{guard_};
    if (!in_work_.insert(operation.id).second)
      return;
  }
  if (operation.kind == kind::Build)
    return builds_->submit(std::move(operation));
  if (operation.kind == kind::Release)
    builds_->abandon(owner_of(operation));
  auto shared = std::make_shared<schema::OperationT>(std::move(operation));
  workers_.submit([this, shared] {
    execute(*shared);
    forget(shared->id);
  });
}

void image_desk::execute(const schema::OperationT& operation) {
  auto out = outcome_for(operation);
  auto late = operation.queue_until != 0
              && system_clock{}.now() > operation.queue_until;
  if (late) {
    out.result = schema::Result::Expired;
    return sink_.outcome(std::move(out));
  }
  auto done = perform(operation, out);
  answer(operation, std::move(out), std::move(done));
}

void image_desk::built(const schema::OperationT& operation,
                       result<image> made) {
  auto out = outcome_for(operation);
  auto done = made ? hand_out(operation, made.value(), out)
                   : result<void>{made.error()};
  answer(operation, std::move(out), std::move(done));
  forget(operation.id);
}

void image_desk::answer(const schema::OperationT& operation,
                        schema::OutcomeT out, result<void> done) {
  if (done) {
    out.result = schema::Result::Done;
  } else if (done.error().code == errc::shutting_down) {
    return; // it stays owed
  } else if (done.error().code == errc::too_busy) {
    out.result = schema::Result::Expired;
  } else {
    out.result = schema::Result::Failed;
    out.error = done.error().detail;
    log_info("images", owner_of(operation) + ": " + out.error);
    if (is_safe_id(owner_of(operation)))
      store_.note(owner_of(operation), "Failed: " + out.error);
  }
  sink_.outcome(std::move(out));
}

result<void> image_desk::perform(const schema::OperationT& operation,
                                 schema::OutcomeT& out) {
  const auto& owner = owner_of(operation);
  if (!is_safe_id(owner))
    return failure(errc::malformed, "an operation that makes no sense");
  if (operation.kind == kind::Release) {
    VARVE_CHECK(store_.release(owner));
    return store_.collect();
  }
  if (access_.unpack_path.empty())
    return failure(errc::unsupported, "this runner pulls no images");
  std::chrono::milliseconds limit{operation.timeout_ms};
  auto until = std::chrono::steady_clock::now()
               + (limit.count() > 0 ? limit : default_timeout);
  if (operation.build) {
    VARVE_TRY(out.digest,
              builds_->resolve(operation, until, cancel_read_.get()));
    return ok();
  }
  puller with{store_, access_, owner, until, cancel_read_.get()};
  VARVE_TRY(auto logins, login_file::make(host_.where.run() + "/logins",
                                          logins_of(operation)));
  if (!logins.path().empty())
    with.log_in_with(logins.path());
  if (operation.kind == kind::Pull)
    return pull(with, operation, out);
  VARVE_TRY(auto found, with.resolve(operation.image));
  out.digest = found.digest;
  out.size_bytes = found.size_bytes;
  return ok();
}

result<void> image_desk::pull(puller& with, const schema::OperationT& operation,
                              schema::OutcomeT& out) {
  auto kept = store_.keep_all();
  VARVE_TRY(auto pulled, with.pull(operation.image, operation.digest));
  return hand_out(operation, pulled, out);
}

// To a snapshot it is held for.
result<void> image_desk::hand_out(const schema::OperationT& operation,
                                  const image& pulled, schema::OutcomeT& out) {
  if (!operation.snapshot_id.empty()) {
    VARVE_CHECK(store_.hold(operation.snapshot_id, pulled.ref));
  }
  out.image_ref = pulled.ref;
  out.size_bytes = pulled.size_bytes;
  out.entrypoint = pulled.entrypoint;
  out.user = pulled.user;
  return ok();
}

} // namespace varve::runner
