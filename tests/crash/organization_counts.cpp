// Prints the names and counters of an organization as its actor has them: the
// fold of its stream, read beside the server. One line each:
//   cpu_millis N, memory_mib N, disk_gib N, sandboxes N, then name NAME ...
// usage: organization_counts LOG_DIRECTORY ORGANIZATION_ID
#include <cstdio>
#include <string>

#include "actors/organization/state.hpp"
#include "events/local_store.hpp"

namespace {

using namespace varve;

constexpr std::size_t at_once = 1024;

// Returns the version to go on from.
std::uint64_t fold(organization::state& s, const log::record& record,
                   std::uint64_t from) {
  for (const auto* entry : *record.view().entries())
    if (entry->organization_version() >= from) {
      organization::evolve(s, *entry, envelope{record.view()});
      from = entry->organization_version() + 1;
    }
  return from;
}

result<organization::state> read(const std::string& path,
                                 const std::string& organization_id) {
  log::store_options settings;
  settings.path = path;
  settings.read_only = true;
  VARVE_TRY(auto store, log::local_store::open(settings));
  organization::state s;
  for (std::uint64_t from = 1;;) {
    VARVE_TRY(auto records, store->read_stream(organization_id, from, at_once));
    for (const auto& record : records)
      from = fold(s, *record, from);
    if (records.size() < at_once)
      return s;
  }
}

void print(const char* name, std::uint64_t value) {
  std::printf("%s %llu\n", name, static_cast<unsigned long long>(value));
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  auto found = read(argv[1], argv[2]);
  if (!found) {
    std::fprintf(stderr, "%s\n", found.error().detail.c_str());
    return 1;
  }
  const auto& s = found.value();
  print("cpu_millis", s.used.cpu_millis);
  print("memory_mib", s.used.memory_mib);
  print("disk_gib", s.used.disk_gib);
  print("sandboxes", s.used.sandboxes);
  for (const auto& [name, id] : s.by_name)
    std::printf("name %s\n", name.c_str());
}
