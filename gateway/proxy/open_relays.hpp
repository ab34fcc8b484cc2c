// The proxied streams that are open: what must end when a key is revoked, and
// what counts as use of a sandbox for as long as it lasts.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "events/record.hpp"
#include "gateway/api/services.hpp"
#include "gateway/proxy/signed_url.hpp"
#include "gateway/server/byte_stream.hpp"

namespace varve::gateway {

// Any thread.
class open_relays {
 public:
  struct entry {
    log::digest key_hash{};
    std::string token;                 // instead of a key
    std::optional<signed_claim> claim; // instead of both
    std::string sandbox_id;
    bool counts_as_use = true;
    std::weak_ptr<byte_stream> client;
  };

  // In the list for as long as it lives.
  class membership {
   public:
    membership(open_relays& of, entry e);
    ~membership();
    membership(const membership&) = delete;
    membership& operator=(const membership&) = delete;

   private:
    open_relays& of_;
    std::list<entry>::iterator at_;
  };

  // Closes streams whose key, token or signing key is no longer good; notes the
  // use of the others.
  void review(services& s);

 private:
  std::mutex mutex_;
  std::list<entry> entries_;
};

} // namespace varve::gateway
