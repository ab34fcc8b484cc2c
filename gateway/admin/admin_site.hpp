// What the administrator's socket serves. Whoever can open it is root: no key
// is asked for.
//
//   GET    /status                the composition root's JSON
//   GET    /keys                  [{name, value (masked), organizationId, ...}]
//   POST   /keys                  {name, permissions?, expiresAt?, userId?,
//                                  organizationId?} -> 201 with `value`, the
//                                 only time the key is shown
//   DELETE /keys/{name}           204; ?organizationId= where there are several
//   GET    /organizations         [{id, name, quota}]
//   POST   /organizations         {name, quota?} -> 201
//   PATCH  /organizations/{id}/quota  {cpu?, memory?, disk?, sandboxes?,
//                                  cpuPerSandbox?, memoryPerSandbox?,
//                                  diskPerSandbox?} -> 200, all of it
//   POST   /backup                {directory} -> 200 {}
//   POST   /projections/rebuild   {projection?} -> 200 {}
//   POST   /projections/flush     200 {}
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "gateway/api/services.hpp"
#include "gateway/gateway.hpp"
#include "gateway/server/site.hpp"

namespace varve::gateway {

class admin_site final : public site {
 public:
  admin_site(services& s, admin_hooks hooks)
      : services_(s), hooks_(std::move(hooks)) {
    // nop
  }
  ~admin_site() override;

  decision decide(request& r) override;
  void finish(const request& r, response& out) override;
  response refusal(const request& r, unsigned status) override;

 private:
  awaitable<result<response>> run(request& r);
  awaitable<result<response>> create_key(const request& r);
  awaitable<result<response>> revoke_key(const request& r,
                                         const std::string& name);
  result<response> list_keys(const request& r);
  result<response> list_organizations(const request& r);
  awaitable<result<response>> create_organization(const request& r);
  awaitable<result<response>> set_quota(const request& r,
                                        const std::string& organization);
  awaitable<result<response>> backup(const request& r);
  awaitable<result<response>> rebuild(const request& r);
  awaitable<result<response>> flush();

  services& services_;
  admin_hooks hooks_;
  boost::asio::thread_pool blocking_{1}; // for hooks, one at a time
};

} // namespace varve::gateway
