// A control plane on a disk of its own, as the server wires it, without HTTP
// and without a runner.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "actors/host/control_host.hpp"
#include "events/embedded_log.hpp"
#include "events/local_store.hpp"
#include "projections/projector.hpp"

namespace varve::bench {

// Removed with everything in it.
class scratch {
 public:
  scratch();
  ~scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  std::string path(const std::string& name) const;

 private:
  std::filesystem::path root_;
};

// Organization n of the sandbox numbered so.
std::string organization_id(std::size_t n);
std::string sandbox_id(std::size_t n);

struct population {
  std::size_t sandboxes = 0;
  std::size_t organizations = 1;
  // Events of each sandbox: created, started, then labels over and over.
  std::size_t events_each = 2;
};

// Ends the process, saying why, when something does not work.
template <class T>
T need(result<T> r);
void need(result<void> r);
[[noreturn]] void give_up(const error& why);

template <class T>
T need(result<T> r) {
  if (!r)
    give_up(r.error());
  return std::move(r).value();
}

class plane {
 public:
  explicit plane(const std::string& path);
  ~plane();

  // Writes the population to the log without the actors; before start().
  void populate(const population& what);
  // Starts the actors, and the projector unless told not to.
  void start(bool with_projector,
             std::function<void(host::host_options&)> adapt = {});

  log::local_store& store() {
    return *store_;
  }
  host::control_host& control() {
    return *control_;
  }
  projections::projector& projector() {
    return *projector_;
  }
  // Appends and the records in them, since start().
  std::size_t appends() const;
  std::size_t appended() const;

 private:
  struct actors;
  class counting_log;

  system_clock time_;
  std::unique_ptr<log::local_store> store_;
  std::unique_ptr<log::embedded_log> log_;
  std::unique_ptr<counting_log> counting_;
  std::unique_ptr<projections::projector> projector_;
  std::unique_ptr<actors> actors_;
  std::unique_ptr<host::control_host> control_;
};

} // namespace varve::bench
