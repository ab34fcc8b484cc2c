// Writes, publishes, flushes and dies without warning: victim STORE LIFE.
#include <csignal>
#include <cstdlib>
#include <random>

#include <rocksdb/db.h>

#include "events/embedded_log.hpp"
#include "projections/projector.hpp"
#include "tests/projections/record_builder.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

int main(int argc, char** argv) {
  if (argc != 3)
    return 1;
  auto life = static_cast<unsigned>(std::atoi(argv[2]));
  auto opened = log::local_store::open({.path = argv[1]});
  if (!opened || !log::embedded_log::open(*opened.value(), fixed_clock{}))
    return 2;
  auto& store = *opened.value();
  auto made = projector::open(store);
  auto family = store.family("projections");
  if (!made || !family)
    return 3;
  record_builder write{store};
  write.now = epoch_2026 + life * 100'000;
  std::mt19937 random{life};
  auto records = 200 + random() % 800;
  for (unsigned i = 0; i < records; ++i) {
    auto id = "s" + std::to_string(life) + "-" + std::to_string(i % 50);
    std::vector<log::record_ptr> one{
        i < 50 ? write.sandbox("org", id, created({.name = id}))
               : write.sandbox("org", id, labels({{"i", std::to_string(i)}}))};
    made.value()->publish(one);
    if (random() % 150 == 0 && !store.database().Flush({}, family.value()).ok())
      return 4;
  }
  ::raise(SIGKILL);
  return 5;
}
