// Writes the golden bytes of events that have none yet. What is there is never
// written again: it stands for what a released version wrote.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "events/record_json.hpp"
#include "tests/golden/golden_samples.hpp"

namespace {

using namespace varve;
namespace fs = std::filesystem;

bool write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream out{path, std::ios::binary};
  out << bytes;
  return bool(out.flush());
}

bool write_golden(const fs::path& directory, schema::Event event) {
  auto base = directory / log::golden::name_of(event);
  auto sample = log::golden::sample_of(event);
  if (!sample || fs::exists(base.string() + ".bin"))
    return true;
  auto sealed = log::record::seal(*sample);
  if (!sealed) {
    std::fprintf(stderr, "%s\n", sealed.error().detail.c_str());
    return false;
  }
  auto frame = sealed.value()->frame();
  std::string_view bytes{reinterpret_cast<const char*>(frame.data()),
                         frame.size()};
  return write_file(base.string() + ".bin", bytes)
         && write_file(base.string() + ".json",
                       log::to_json(*sealed.value()) + "\n");
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_golden DIRECTORY\n", stderr);
    return 2;
  }
  for (auto event : schema::EnumValuesEvent())
    if (!write_golden(argv[1], event))
      return 1;
  return 0;
}
