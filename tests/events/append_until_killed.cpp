// Appends to the store it is given and says on stdout, after each commit, how
// far every partition is known to reach. Ends only by being killed, or when
// its reader is gone.
#include <cstdio>
#include <random>
#include <vector>

#include <unistd.h>

#include "events/embedded_log.hpp"
#include "tests/events/sample_records.hpp"

namespace {

using namespace varve;
using namespace varve::log;

constexpr std::uint16_t used_partitions = 5;

std::string stream_of(std::uint16_t partition) {
  return "stream-" + std::to_string(partition);
}

// A group of some records in some partitions, each on the one before.
std::vector<record_ptr> next_group(local_store& store, std::mt19937& random) {
  std::vector<record_ptr> out;
  for (std::uint16_t p = 0; p < used_partitions; ++p) {
    auto head = store.head(p).value();
    auto latest = store.latest(stream_of(p)).value();
    auto version = latest ? latest->version : 0;
    for (auto n = random() % 6; n > 0; --n) {
      out.push_back(samples::label_record(
          head, p, stream_of(p), ++version, std::string(random() % 3000, 'x'),
          {.deadline = version, .owes = version % 2 == 0}));
      head = head_after(*out.back());
    }
  }
  return out;
}

bool say_heads(local_store& store) {
  std::uint64_t heads[used_partitions];
  for (std::uint16_t p = 0; p < used_partitions; ++p)
    heads[p] = store.head(p).value().next_index;
  return ::write(STDOUT_FILENO, heads, sizeof heads) == sizeof heads;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  store_options options;
  options.path = argv[1];
  auto store = local_store::open(options);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().detail.c_str());
    return 3;
  }
  auto log = embedded_log::open(*store.value(), system_clock{});
  if (!log)
    return 4;
  std::mt19937 random{static_cast<unsigned>(std::stoul(argv[2]))};
  for (;;) {
    auto group = next_group(*store.value(), random);
    if (!log.value()->append(group))
      return 5;
    if (!say_heads(*store.value()))
      return 0;
  }
}
