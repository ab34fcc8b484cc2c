// The gateway as the composition root sees it: it serves HTTP until stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "events/base/clock.hpp"
#include "events/base/result.hpp"
#include "gateway/limits.hpp"

namespace varve {
class control;
class guest;
class history;
class vault;
} // namespace varve

namespace varve::projections {
class queries;
}

namespace varve::gateway {

// Creates and starts that a runner has not begun, and those in work.
struct start_queue {
  std::size_t waiting = 0;
  std::size_t working = 0;
};

struct gateway_options {
  std::string listen = "127.0.0.1:3986"; // address:port; port 0 picks one
  std::string public_url; // empty: answers name the request's Host
  std::string tls_cert;   // PEM paths, both or none
  std::string tls_key;
  std::string admin_socket; // Unix path, made with mode 0600; empty: none
  std::string default_snapshot = "varve/base";
  std::string region = "local"; // id and name of the only region
  unsigned threads = 2;
  limits bounds;
  std::function<start_queue()> starts; // any thread; not set: none waits
};

// What the administrator's socket asks of the composition root. Called on a
// thread that may block; one at a time.
struct admin_hooks {
  std::function<result<void>(const std::string& directory)> backup;
  // Empty = every projection.
  std::function<result<void>(const std::string& projection)> rebuild;
  // Read models to disk, for those who look at it from outside.
  std::function<result<void>()> flush;
  std::function<std::string()> status; // a JSON object
};

class gateway {
 public:
  // Binds and serves at once; all but /health answers 503 until set_ready.
  // The ports must outlive the gateway. Errors: invalid (options), io (bind).
  static result<std::unique_ptr<gateway>>
  start(gateway_options options, control& commands, projections::queries& reads,
        vault& secrets, guest& guests, history& past, const clock& time,
        admin_hooks hooks);

  virtual ~gateway() = default; // stops

  virtual std::uint16_t port() const noexcept = 0;
  // Takes back the creates that a server which died did not answer, as the
  // file says, and notes its own there. Once, before set_ready. Errors: io.
  virtual result<void> note_creates(const std::string& file) = 0;
  virtual void set_ready(bool ready) noexcept = 0;
  // Accepts nothing more, lets open requests end within limits.drain_time,
  // closes what is left and returns with all threads ended.
  virtual void stop() = 0;
};

} // namespace varve::gateway
