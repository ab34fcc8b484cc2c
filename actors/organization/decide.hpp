// What an organization admits. Pure.
#pragma once

#include <string_view>
#include <unordered_map>
#include <variant>

#include "actors/control.hpp"
#include "actors/organization/state.hpp"

namespace varve::organization {

using input =
    std::variant<CreateOrganization, CreateApiKey, RevokeApiKey, CreateSandbox,
                 SetWarmPool, RemoveWarmPool, SetQuota, AddDockerRegistry,
                 ChangeDockerRegistry, RemoveDockerRegistry, CreateSnapshot>;

// Quota promised to starts that are not on the log yet, by sandbox: a decision
// counts them as used.
using reservations = std::unordered_map<std::string, amounts>;

struct context {
  std::string_view organization_id;
  decision_context decision;
  const reservations& promised;
};

// Errors: not_found, conflict, quota_exceeded, invalid, with the text clients
// know. Deciding an input again whose events were folded changes nothing.
result<decision> decide(const state& s, const input& what,
                        const context& around);

// What a start or recovery of this sandbox takes in addition. Nothing when it
// holds all already or is not known: then the sandbox itself refuses.
// `wanted`: what it is to hold then.
result<amounts> admit_start(const state& s, const std::string& sandbox_id,
                            const reservations& promised,
                            holding wanted = holding::all);

// The same of a new size.
result<amounts> admit_resize(const state& s, const ResizeSandbox& c,
                             const reservations& promised);

} // namespace varve::organization
