// One input on its way to an aggregate, and the answer it owes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "actors/control.hpp"
#include "actors/sandbox/decide.hpp"

namespace varve::host {

struct aggregate_key {
  schema::AggregateType type = schema::AggregateType::None;
  std::string id;
  friend bool operator==(const aggregate_key&, const aggregate_key&) = default;
};

// Asks an aggregate to do again what it owes the world.
struct Wake {};

using aggregate_input = std::variant<
    Wake, CreateOrganization, CreateApiKey, RevokeApiKey, RegisterSnapshot,
    RegisterRunner, CreateSandbox, StartSandbox, StopSandbox, RecoverSandbox,
    DestroySandbox, ReplaceLabels, PauseSandbox, ResizeSandbox, SetNetwork,
    SetTimers, SetPublic, RotateSigningKey, SetWarmPool, RemoveWarmPool,
    SetQuota, AddDockerRegistry, ChangeDockerRegistry, RemoveDockerRegistry,
    CreateSnapshot, ActivateSnapshot, DeactivateSnapshot, RemoveSnapshot,
    ArchiveSandbox, ForkSandbox, sandbox::RunnerAnswered,
    sandbox::RunnerObserved, sandbox::RunnerListed, sandbox::DeadlineReached>;

using answer_function = std::function<void(result<command_reply>)>;

// Holds a place among what is in flight for as long as it lives.
class ticket {
 public:
  virtual ~ticket() = default;
};

// Passed from thread to thread, touched by one at a time. Answers exactly
// once: what is dropped unanswered answers `too_busy` when it is destroyed,
// so that no message lost on the way leaves anybody waiting.
class delivery {
 public:
  delivery(aggregate_key to, aggregate_input what, command_origin origin,
           answer_function done);
  delivery(const delivery&) = delete;
  delivery& operator=(const delivery&) = delete;
  ~delivery();

  void answer(result<command_reply> reply);

  // Whether a client may repeat it under the same command id.
  bool is_command() const noexcept;

  aggregate_key to;
  aggregate_input what;
  command_origin origin;
  // Of the organization's actor that admitted it; 0 = none did.
  std::uint64_t admission_term = 0;
  unsigned attempts = 0;
  std::uint64_t begun_tick = 0;
  // For as long as it is not answered; for as long as it is on its way to the
  // present addressee.
  std::vector<std::shared_ptr<ticket>> tickets;
  std::vector<std::shared_ptr<ticket>> route;

 private:
  answer_function done_;
};

using delivery_ptr = std::shared_ptr<delivery>;

} // namespace varve::host
