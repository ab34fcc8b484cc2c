#include "gateway/proxy/toolbox_proxy.hpp"

#include <unistd.h>

#include <boost/asio/this_coro.hpp>

#include "events/base/ids.hpp"
#include "gateway/api/activity.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/authentication.hpp"
#include "gateway/proxy/forwarded_headers.hpp"
#include "gateway/proxy/relay.hpp"
#include "gateway/server/socket_stream.hpp"

namespace varve::gateway {

using projections::sandbox_view;

namespace {

// An owned descriptor that a std::function can carry.
class descriptor {
 public:
  explicit descriptor(int fd) noexcept : fd_(fd) {
    // nop
  }
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  int release() noexcept {
    return std::exchange(fd_, -1);
  }

 private:
  int fd_;
};

bool says_true(const request& r, std::string_view name) noexcept {
  const auto* value = r.headers.find(name);
  return value && same_ignoring_case(*value, "true");
}

site::decision ready(response out) {
  site::decision d;
  d.ready = std::move(out);
  return d;
}

// Only by its id; a name does not resolve here.
result<std::optional<sandbox_view>> find_by_id(services& s, const request& r,
                                               const std::string& id) {
  if (!is_uuid(id))
    return std::optional<sandbox_view>{};
  VARVE_TRY(auto found, s.reads.sandbox(r.who->organization_id, id));
  if (found && found->id != id)
    found.reset();
  return found;
}

} // namespace

site::decision toolbox_proxy::decide(request& r, const proxy_path& where,
                                     const serving& with) {
  return where.through_api ? decide_in_api(r, where, with)
                           : decide_direct(r, where, with);
}

site::decision toolbox_proxy::decide(request& r, const preview_host& host,
                                     const serving& with) {
  auto refuse = [&](const std::string& message) {
    return ready(proxy_error_answer(r, 501, "not implemented: " + message,
                                    services_.time.now()));
  };
  if (host.port != toolbox_port)
    return refuse("this server serves no previews yet but that of port "
                  + std::to_string(toolbox_port));
  if (!is_uuid(host.label))
    return refuse("this server serves no signed previews yet");
  proxy_path where;
  where.sandbox_id = host.label;
  where.rest = r.path;
  where.by_host = true;
  return decide_direct(r, where, with);
}

site::decision toolbox_proxy::decide_direct(request& r, const proxy_path& where,
                                            const serving& with) {
  auto refuse = [&](unsigned status, const std::string& message) {
    return ready(proxy_error_answer(r, status, message, services_.time.now()));
  };
  if (where.rest.empty())
    return refuse(404, "not found: not found");
  auto admitted = admit(services_, r, where.sandbox_id, where.rest);
  if (!admitted && admitted.error().code == errc::unauthorized)
    return refuse(401, admitted.error().detail);
  if (!admitted)
    return ready(error_answer(r, admitted.error(), services_.time.now()));
  if (!projections::is_running(admitted.value().sandbox.state))
    return refuse(400, "bad request: failed to resolve container IP: no IP "
                       "address found. Is the Sandbox started?");
  auto& how = admitted.value();
  if (how.claim)
    r.query = query_of(*how.claim);
  return connect(r, where, std::move(how), with);
}

site::decision toolbox_proxy::decide_in_api(request& r, const proxy_path& where,
                                            const serving& with) {
  auto refuse = [&](const error& e) {
    return ready(error_answer(r, e, services_.time.now()));
  };
  auto who = authenticate(services_, r);
  if (!who)
    return refuse(who.error());
  r.who = std::move(who.value());
  if (!r.who->may("write:sandboxes"))
    return refuse({errc::forbidden, "Access denied"});
  auto found = find_by_id(services_, r, where.sandbox_id);
  if (!found)
    return refuse(found.error());
  if (!found.value())
    return refuse({errc::not_found, "Sandbox not found"});
  if (!projections::is_running(found.value()->state))
    return refuse({errc::wrong_state, "Sandbox is not running"});
  return connect(r, where, access{}, with);
}

site::decision toolbox_proxy::connect(request& r, const proxy_path& where,
                                      access how, const serving& with) {
  bool counts = !says_true(r, "X-Daytona-Skip-Last-Activity-Update");
  if (counts)
    services_.used.touch(where.sandbox_id, services_.time.now());
  auto fd = services_.guests.connect_toolbox(where.sandbox_id);
  if (!fd)
    return ready(no_answer(r, "the toolbox of the sandbox does not answer"));
  auto owned = std::make_shared<descriptor>(fd.value());
  site::decision d;
  open_relays::entry entry;
  entry.sandbox_id = where.sandbox_id;
  entry.counts_as_use = counts;
  entry.token = std::move(how.token);
  entry.claim = std::move(how.claim);
  if (r.who)
    entry.key_hash = r.who->key_hash;
  d.streaming = [this, where, entry, owned, &with](client_side client,
                                                   request& q) {
    return pass_on(client, q, where, entry, owned->release(), with);
  };
  return d;
}

awaitable<stream_end> toolbox_proxy::pass_on(client_side client, request& r,
                                             const proxy_path& where,
                                             open_relays::entry entry,
                                             int guest_descriptor,
                                             const serving& with) {
  auto plan = plan_for(client, r, where, with);
  auto executor = co_await asio::this_coro::executor;
  auto guest = adopt_unix_stream(streams_, executor, guest_descriptor);
  if (!guest) {
    co_await plan.reply(no_answer(r, guest.error().detail));
    co_return stream_end::close;
  }
  entry.client = client.stream.weak_from_this();
  open_relays::membership open{open_, std::move(entry)};
  co_return co_await relay(client, r, std::move(guest.value()),
                           services_.options.bounds, std::move(plan));
}

relay_plan toolbox_proxy::plan_for(client_side client, request& r,
                                   const proxy_path& where,
                                   const serving& with) {
  relay_plan plan;
  auto query = query_for_guest(r.query);
  plan.target = query.empty() ? where.rest : where.rest + "?" + query;
  plan.for_guest = headers_for_guest(r, client.reader.head());
  plan.keeps_cors = says_true(r, "X-Daytona-Disable-CORS");
  if (!where.through_api && !where.by_host)
    plan.redirect_prefix = "/toolbox/" + where.sandbox_id;
  response common;
  with.where.finish(r, common);
  plan.common = std::move(common.headers);
  plan.no_answer = [this, &r](std::string_view why) {
    return no_answer(r, why);
  };
  plan.reply = [client, &r, &with](response out) -> awaitable<bool> {
    with.where.finish(r, out);
    co_return co_await write_response(client, r, out, false, with);
  };
  return plan;
}

response toolbox_proxy::no_answer(const request& r,
                                  std::string_view why) const {
  return proxy_error_answer(r, 502, "bad gateway: " + std::string{why},
                            services_.time.now());
}

} // namespace varve::gateway
