#include "tests/golden/image_samples.hpp"

#include <memory>
#include <utility>

#include "tests/golden/wrapped.hpp"

namespace varve::log::golden {

namespace {

using namespace schema;

EventUnion sandbox_image_resolved() {
  SandboxImageResolvedT e;
  e.digest = "sha256:00ff";
  e.size_bytes = 104'000'000;
  return wrapped(std::move(e));
}

EventUnion sandbox_image_pulled() {
  SandboxImagePulledT e;
  e.image_ref = "sha256-00ff";
  e.user = "web";
  return wrapped(std::move(e));
}

EventUnion snapshot_requested() {
  SnapshotRequestedT e;
  e.name = "team/python:1";
  e.image = "python:3.12-slim";
  e.resources = std::make_unique<Resources>(1500u, 2048u, 10u, 1u);
  e.entrypoint = {"/bin/sh"};
  e.region = "local";
  e.runner_id = "9b2d8f3e-6a54-4c0d-8f0a-1f4a5a8a7b11";
  return wrapped(std::move(e));
}

EventUnion snapshot_resolved() {
  SnapshotResolvedT e;
  e.digest = "sha256:00ff";
  e.size_bytes = 104'000'000;
  return wrapped(std::move(e));
}

EventUnion snapshot_failed() {
  SnapshotFailedT e;
  e.reason = "the registry does not know the image";
  return wrapped(std::move(e));
}

EventUnion snapshot_removal_retried() {
  SnapshotRemovalRetriedT e;
  e.attempt = 2;
  return wrapped(std::move(e));
}

template <class T>
EventUnion empty() {
  return wrapped(T{});
}

struct sample {
  Event event;
  EventUnion (*make)();
};

constexpr sample samples[] = {
    {Event::SandboxImageResolved, sandbox_image_resolved},
    {Event::SandboxImagePulled, sandbox_image_pulled},
    {Event::SnapshotRequested, snapshot_requested},
    {Event::SnapshotResolved, snapshot_resolved},
    {Event::SnapshotFailed, snapshot_failed},
    {Event::SnapshotDeactivated, empty<SnapshotDeactivatedT>},
    {Event::SnapshotActivationRequested, empty<SnapshotActivationRequestedT>},
    {Event::SnapshotRemovalRequested, empty<SnapshotRemovalRequestedT>},
    {Event::SnapshotRemovalRetried, snapshot_removal_retried},
};

} // namespace

EventUnion image_event(Event event) {
  for (const auto& it : samples)
    if (it.event == event)
      return it.make();
  return {};
}

} // namespace varve::log::golden
