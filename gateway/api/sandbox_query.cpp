#include "gateway/api/sandbox_query.hpp"

#include <array>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/wire_time.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::sandbox_filter;

namespace {

constexpr std::size_t default_limit = 100;
constexpr std::size_t max_limit = 200;

// All that clients may name; the ones we do not have match nothing.
constexpr std::array<std::string_view, 22> wire_states{
    "creating", "restoring",        "destroyed",     "destroying",
    "started",  "stopped",          "starting",      "stopping",
    "error",    "build_failed",     "pending_build", "building_snapshot",
    "unknown",  "pulling_snapshot", "archived",      "archiving",
    "resizing", "snapshotting",     "forking",       "pausing",
    "paused",   "resuming"};

template <class Range>
bool contains(const Range& range, std::string_view what) {
  for (const auto& x : range)
    if (x == what)
      return true;
  return false;
}

// Collects the filter; the first error is kept and ends it.
class filter_reader {
 public:
  filter_reader(const query_parameters& q, const list_dialect& as)
      : q_(q), as_(as) {
    // nop
  }

  result<void> read(sandbox_filter& f) {
    f.id_prefix = q_.value("id").value_or("");
    f.name_prefix = q_.value("name").value_or("");
    f.snapshots = q_.values("snapshots");
    f.regions = q_.values(as_.regions);
    VARVE_CHECK(read_labels(f));
    VARVE_CHECK(read_states(f));
    VARVE_CHECK(read_sizes(f));
    VARVE_CHECK(read_times(f));
    VARVE_CHECK(read_order(f));
    f.is_public = flag("isPublic");
    f.is_recoverable = flag("isRecoverable");
    f.include_errored_deleted = flag("includeErroredDeleted").value_or(false);
    return read_what_we_lack();
  }

  // The filter asks for something no sandbox here can have.
  bool matches_nothing() const noexcept {
    return matches_nothing_;
  }

 private:
  std::optional<bool> flag(std::string_view name) const {
    auto given = q_.value(name);
    if (!given)
      return std::nullopt;
    return *given == "true";
  }

  result<std::optional<std::uint32_t>> number(std::string_view name,
                                              std::uint32_t least = 1) const {
    auto given = q_.value(name);
    if (!given || given->empty())
      return std::optional<std::uint32_t>{};
    auto n = whole_number(*given);
    if (!n || *n < least || *n > UINT32_MAX)
      return failure(errc::invalid,
                     std::string{name}
                         + " must be a whole number not less than "
                         + std::to_string(least));
    return std::optional{static_cast<std::uint32_t>(*n)};
  }

  result<std::optional<timestamp>> time(std::string_view name) const {
    auto given = q_.value(name);
    if (!given || given->empty())
      return std::optional<timestamp>{};
    auto parsed = from_iso8601(*given);
    if (!parsed)
      return failure(errc::invalid,
                     std::string{name} + " must be a valid ISO 8601 date");
    return parsed;
  }

  result<void> read_labels(sandbox_filter& f) const {
    auto given = q_.value("labels");
    if (!given || given->empty())
      return ok();
    boost::system::error_code failed;
    auto parsed = json::parse(*given, failed);
    if (failed || !parsed.is_object())
      return failure(errc::invalid, "Invalid labels JSON format");
    for (const auto& [key, value] : parsed.get_object()) {
      if (!value.is_string())
        return failure(errc::invalid, "Invalid labels JSON format");
      f.labels.emplace(
          std::string{key.data(), key.size()},
          std::string{value.get_string().data(), value.get_string().size()});
    }
    return ok();
  }

  result<void> read_states(sandbox_filter& f) {
    auto given = q_.values("states");
    for (const auto& name : given) {
      if (!contains(wire_states, name))
        return failure(errc::invalid,
                       "each value in states must be a sandbox state");
      auto state = projections::parse_sandbox_state(name);
      if (state && *state != projections::sandbox_state::destroyed)
        f.states.push_back(*state);
    }
    if (!given.empty() && f.states.empty())
      matches_nothing_ = true;
    return ok();
  }

  result<void> read_sizes(sandbox_filter& f) const {
    VARVE_TRY(f.min_cpu, number("minCpu"));
    VARVE_TRY(f.max_cpu, number("maxCpu"));
    VARVE_TRY(f.min_memory_gib, number("minMemoryGiB"));
    VARVE_TRY(f.max_memory_gib, number("maxMemoryGiB"));
    VARVE_TRY(f.min_disk_gib, number("minDiskGiB"));
    VARVE_TRY(f.max_disk_gib, number("maxDiskGiB"));
    return ok();
  }

  result<void> read_times(sandbox_filter& f) const {
    VARVE_TRY(f.created_after, time("createdAtAfter"));
    VARVE_TRY(f.created_before, time("createdAtBefore"));
    VARVE_TRY(f.updated_after, time("lastEventAfter"));
    VARVE_TRY(f.updated_before, time("lastEventBefore"));
    return ok();
  }

  result<void> read_order(sandbox_filter& f) const {
    auto order = q_.value("order").value_or("desc");
    if (order != "asc" && order != "desc")
      return failure(errc::invalid, "order must be asc or desc");
    f.ascending = order == "asc";
    auto wanted = q_.value("sort").value_or(as_.default_sort);
    std::string known;
    for (const auto& [name, sort] : as_.sorts) {
      if (name == wanted) {
        f.sort = sort;
        return ok();
      }
      known += (known.empty() ? "" : ", ") + std::string{name};
    }
    return failure(errc::invalid, "sort must be one of " + known);
  }

  // Classes other than containers, GPUs and times to live do not exist here.
  result<void> read_what_we_lack() {
    auto classes = q_.values("sandboxClasses");
    if (!classes.empty() && !contains(classes, "container"))
      matches_nothing_ = true;
    if (flag("includeWarm").value_or(false))
      return failure(errc::unsupported,
                     "What waits for a create is no sandbox yet: it is in no "
                     "list (includeWarm)");
    VARVE_TRY(auto gpus, number("minGpu", 0));
    VARVE_TRY(auto most_gpus, number("maxGpu", 0));
    static_cast<void>(most_gpus); // no sandbox has more than none
    VARVE_TRY(auto after, time("autoDestroyAtAfter"));
    VARVE_TRY(auto before, time("autoDestroyAtBefore"));
    if (gpus.value_or(0) > 0 || after || before)
      matches_nothing_ = true;
    return ok();
  }

  const query_parameters& q_;
  const list_dialect& as_;
  bool matches_nothing_ = false;
};

result<std::size_t> limit_of(const query_parameters& q) {
  auto given = q.value("limit");
  if (!given || given->empty())
    return default_limit;
  auto n = whole_number(*given);
  if (!n || *n < 1 || *n > max_limit)
    return failure(errc::invalid, "limit must be a number from 1 to 200");
  return *n;
}

} // namespace

result<list_query> read_list_query(const query_parameters& q,
                                   const list_dialect& as) {
  list_query out;
  filter_reader reader{q, as};
  VARVE_CHECK(reader.read(out.filter));
  VARVE_TRY(out.limit, limit_of(q));
  out.matches_nothing = reader.matches_nothing();
  return out;
}

} // namespace varve::gateway
