#include "tests/golden/log_samples.hpp"

#include <utility>

#include "tests/golden/wrapped.hpp"

namespace varve::log::golden {

namespace {

using namespace schema;

EventUnion log_created() {
  LogCreatedT e;
  e.log_id = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
  e.partition = 17;
  e.partitions = 64;
  e.partitioner = "sha256-be64-mod";
  return wrapped(std::move(e));
}

EventUnion epoch_started() {
  EpochStartedT e;
  e.node = "node-1";
  e.address = "10.0.0.1:3986";
  return wrapped(std::move(e));
}

EventUnion log_sealed() {
  LogSealedT e;
  e.place = "kafka:vGt3rXGmQ5y1Y2kq9b0o0w/varve.events";
  return wrapped(std::move(e));
}

} // namespace

EventUnion log_event(Event event) {
  if (event == Event::LogCreated)
    return log_created();
  if (event == Event::EpochStarted)
    return epoch_started();
  if (event == Event::LogSealed)
    return log_sealed();
  return {};
}

} // namespace varve::log::golden
