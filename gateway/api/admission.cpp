#include "gateway/api/admission.hpp"

#include <utility>

namespace varve::gateway {

namespace {

using counts = std::unordered_map<std::string, std::size_t>;

std::size_t count_of(const counts& from, const std::string& key) {
  auto found = from.find(key);
  return found == from.end() ? 0 : found->second;
}

void take_one(counts& from, const std::string& key) noexcept {
  auto found = from.find(key);
  if (found != from.end() && --found->second == 0)
    from.erase(found);
}

} // namespace

admission::ticket::ticket(admission& from, std::string organization,
                          std::string sandbox)
    : from_(&from), organization_(std::move(organization)),
      sandbox_(std::move(sandbox)) {
  // nop
}

admission::ticket::ticket(ticket&& other) noexcept
    : from_(std::exchange(other.from_, nullptr)),
      organization_(std::move(other.organization_)),
      sandbox_(std::move(other.sandbox_)) {
  // nop
}

admission::ticket::~ticket() {
  if (from_)
    from_->leave(organization_, sandbox_);
}

result<admission::ticket> admission::enter(const std::string& organization,
                                           const std::string& sandbox) {
  std::lock_guard lock{mutex_};
  if (all_ >= bounds_.commands)
    return failure(errc::log_unavailable,
                   "too many commands are in flight on this node");
  if (count_of(by_organization_, organization) >= bounds_.organization_commands)
    return failure(errc::too_busy,
                   "too many commands of this organization are in flight");
  if (!sandbox.empty()
      && count_of(by_sandbox_, sandbox) >= bounds_.sandbox_commands)
    return failure(errc::too_busy,
                   "too many commands for this sandbox are in flight");
  ++all_;
  ++by_organization_[organization];
  if (!sandbox.empty())
    ++by_sandbox_[sandbox];
  return ticket{*this, organization, sandbox};
}

void admission::leave(const std::string& organization,
                      const std::string& sandbox) noexcept {
  std::lock_guard lock{mutex_};
  --all_;
  take_one(by_organization_, organization);
  if (!sandbox.empty())
    take_one(by_sandbox_, sandbox);
}

} // namespace varve::gateway
