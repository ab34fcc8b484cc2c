#include "gateway/api/quota_json.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr double most = 1e9; // cores, GiB or sandboxes

json::value shown(std::uint64_t limit, std::uint64_t per_unit) {
  return limit == 0 ? json::value(nullptr) : units(limit, per_unit);
}

std::optional<double> number_in(const json::value& v) noexcept {
  if (const auto* n = v.if_int64())
    return static_cast<double>(*n);
  if (const auto* n = v.if_uint64())
    return static_cast<double>(*n);
  if (const auto* n = v.if_double())
    return *n;
  return std::nullopt;
}

// A limit of none at all would be no limit: whoever wants that says null.
result<std::uint64_t> limit_in(std::string_view name, const json::value& v,
                               std::uint64_t per_unit) {
  if (v.is_null())
    return std::uint64_t{0};
  auto number = number_in(v);
  double amount = number.value_or(0) * static_cast<double>(per_unit);
  if (!number || !(*number > 0) || *number > most
      || amount != std::floor(amount))
    return failure(errc::invalid,
                   std::string{name}
                       + " must be a positive number or null (no limit)");
  return static_cast<std::uint64_t>(amount);
}

template <class Number>
result<void> change(Number& limit, std::string_view name, const json::value& v,
                    std::uint64_t per_unit) {
  VARVE_TRY(auto amount, limit_in(name, v, per_unit));
  if (amount > std::numeric_limits<Number>::max())
    return failure(errc::invalid, std::string{name} + " is too large");
  limit = static_cast<Number>(amount);
  return ok();
}

result<void> change_one(schema::QuotaT& quota, std::string_view name,
                        const json::value& v) {
  if (name == "cpu")
    return change(quota.cpu_millis, name, v, 1000);
  if (name == "memory")
    return change(quota.memory_mib, name, v, 1024);
  if (name == "disk")
    return change(quota.disk_gib, name, v, 1);
  if (name == "sandboxes")
    return change(quota.sandboxes, name, v, 1);
  if (name == "cpuPerSandbox")
    return change(quota.sandbox_cpu_millis, name, v, 1000);
  if (name == "memoryPerSandbox")
    return change(quota.sandbox_memory_mib, name, v, 1024);
  if (name == "diskPerSandbox")
    return change(quota.sandbox_disk_gib, name, v, 1);
  return failure(errc::invalid, "there is no quota named " + std::string{name});
}

} // namespace

json::value units(std::uint64_t amount, std::uint64_t per_unit) {
  if (amount % per_unit == 0)
    return amount / per_unit;
  return static_cast<double>(amount) / static_cast<double>(per_unit);
}

json::object quota_json(const schema::QuotaT& quota) {
  json::object out;
  out["cpu"] = shown(quota.cpu_millis, 1000);
  out["memory"] = shown(quota.memory_mib, 1024);
  out["disk"] = shown(quota.disk_gib, 1);
  out["sandboxes"] = shown(quota.sandboxes, 1);
  out["cpuPerSandbox"] = shown(quota.sandbox_cpu_millis, 1000);
  out["memoryPerSandbox"] = shown(quota.sandbox_memory_mib, 1024);
  out["diskPerSandbox"] = shown(quota.sandbox_disk_gib, 1);
  return out;
}

result<void> change_quota(schema::QuotaT& quota, const json::object& wanted) {
  auto changed = quota;
  for (const auto& [name, value] : wanted) {
    VARVE_CHECK(change_one(changed, {name.data(), name.size()}, value));
  }
  quota = changed;
  return ok();
}

} // namespace varve::gateway
