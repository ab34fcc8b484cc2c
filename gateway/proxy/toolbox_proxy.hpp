// Requests to a sandbox's toolbox: who may, where to, and what is said when
// there is no way.
#pragma once

#include "gateway/api/services.hpp"
#include "gateway/proxy/open_relays.hpp"
#include "gateway/proxy/preview_host.hpp"
#include "gateway/proxy/proxy_path.hpp"
#include "gateway/proxy/relay.hpp"
#include "gateway/proxy/sandbox_access.hpp"
#include "gateway/server/connection.hpp"
#include "gateway/server/site.hpp"

namespace varve::gateway {

class toolbox_proxy {
 public:
  toolbox_proxy(services& s, stream_registry& streams) noexcept
      : services_(s), streams_(streams) {
    // nop
  }

  // Any thread. `with` finishes answers and outlives the request.
  site::decision decide(request& r, const proxy_path& where,
                        const serving& with);

  // For a preview host, whatever the path.
  site::decision decide(request& r, const preview_host& host,
                        const serving& with);

  // Called every few seconds.
  void review() {
    open_.review(services_);
  }

 private:
  site::decision decide_direct(request& r, const proxy_path& where,
                               const serving& with);
  site::decision decide_in_api(request& r, const proxy_path& where,
                               const serving& with);
  site::decision connect(request& r, const proxy_path& where, access how,
                         const serving& with);
  awaitable<stream_end> pass_on(client_side client, request& r,
                                const proxy_path& where,
                                open_relays::entry entry, int guest_descriptor,
                                const serving& with);
  relay_plan plan_for(client_side client, request& r, const proxy_path& where,
                      const serving& with);
  response no_answer(const request& r, std::string_view why) const;

  services& services_;
  stream_registry& streams_;
  open_relays open_;
};

} // namespace varve::gateway
