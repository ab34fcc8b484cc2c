// Each operation as a table of steps. Every step may be repeated, and the
// process may end between any two: what was begun is found by its names.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>

#include "events/base/result.hpp"
#include "runner/operations/machine.hpp"
#include "runner/operations/network_guard.hpp"
#include "runner/sandbox/life.hpp"
#include "schemas/operation_generated.h"

namespace varve::runner {

// The sandbox whose files a new one begins with.
struct fork_source {
  std::string id;
  std::uint32_t slot = 0;
  bool is_frozen = false; // by this operation
  int wish = -1;          // readable once it is to be left alone
};

// One operation while it is executed, on one thread.
struct execution {
  const machine& host;
  const schema::OperationT& operation;
  std::uint32_t slot = 0;
  std::string image_ref{};
  std::chrono::steady_clock::time_point deadline{};
  int cancel = -1;                  // readable once it should end, for starts
  network_guard* network = nullptr; // for what starts or adjusts
  std::optional<writable_layer> layer{}; // from when it is needed to the end
  std::optional<launch> start{};
  std::string toolbox_version{};
  sandbox_end end{};
  bool waits = false;   // it is started for nobody
  std::string claims{}; // Create: the id of the waiting one that it takes
  std::optional<fork_source> source{};
  std::optional<archive_record> archived{}; // its archive, once known

  const std::string& id() const noexcept {
    return operation.sandbox_id;
  }
};

// What PID 1 is told.
guest_config guest_of(const execution& e);
// Its image, with the entrypoint that the operation gives instead.
result<image> image_of(const execution& e);

struct step {
  const char* name;
  result<void> (*run)(execution&);
};

// "create", "start", "stop", "destroy", "pause", "resume", "adjust",
// "archive", "restore".
std::string_view name_of(schema::OperationKind kind) noexcept;
// The same, but "fork" for a create with another's files.
std::string_view name_of(const schema::OperationT& operation) noexcept;

std::span<const step> steps_of(schema::OperationKind kind) noexcept;

// What its files lie in, and its addresses; its disk is there.
result<void> make_files(execution& e);

// Disk and files of a new sandbox: the part of create that start does not
// have.
std::span<const step> file_steps() noexcept;
std::span<const step> start_steps() noexcept;
// All a sandbox has at run time ends; files stay.
std::span<const step> end_steps() noexcept;

// Runs them in order with a crash point after each, to the first error.
result<void> run_steps(execution& e, std::span<const step> steps,
                       std::string_view operation);

} // namespace varve::runner
