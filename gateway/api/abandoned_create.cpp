#include "gateway/api/abandoned_create.hpp"

#include <utility>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "gateway/api/open_creates.hpp"

namespace varve::gateway {

void abandon(services& s, const std::string& organization_id,
             const std::string& sandbox_id) {
  s.unanswered->begin(organization_id, sandbox_id);
  command_origin origin;
  origin.organization_id = organization_id;
  origin.principal = "system";
  origin.command_id = uuid::v7(s.time.now()).str();
  origin.cause = schema::Cause::ClientGone;
  SetTimers what;
  what.sandbox_id = sandbox_id;
  what.abandoned = true;
  auto told = [sandbox_id, noted = s.unanswered](result<command_reply> reply) {
    if (reply || reply.error().code == errc::not_found)
      noted->settle(sandbox_id);
    else
      log_warning("gateway",
                  "the client of sandbox " + sandbox_id
                      + " is gone, and it stays: " + reply.error().detail);
  };
  s.commands.submit(std::move(what), std::move(origin), told);
}

} // namespace varve::gateway
