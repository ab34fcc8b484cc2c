// Quotas as people write them: cores, GiB, counts; null = no limit.
#pragma once

#include <boost/json/fwd.hpp>

#include "events/base/result.hpp"
#include "schemas/organization_generated.h"

namespace varve::gateway {

// Whole where it can be: 2000 of 1000 each is 2, 1500 is 1.5.
boost::json::value units(std::uint64_t amount, std::uint64_t per_unit);

// {cpu, memory, disk, sandboxes, cpuPerSandbox, memoryPerSandbox,
// diskPerSandbox}
boost::json::object quota_json(const schema::QuotaT& quota);

// What the object names replaces what is there; null takes a limit away.
// invalid, naming the member, also for one that there is not.
result<void> change_quota(schema::QuotaT& quota,
                          const boost::json::object& wanted);

} // namespace varve::gateway
