#include "tests/golden/golden_samples.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tests/golden/image_samples.hpp"
#include "tests/golden/log_samples.hpp"
#include "tests/golden/wrapped.hpp"

namespace varve::log::golden {

namespace {

using namespace schema;

constexpr timestamp sample_time = 1767225600123;

Digest digest_from(std::uint8_t first) {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(first + i);
  return Digest{flatbuffers::span<const std::uint8_t, 32>{bytes}};
}

std::unique_ptr<Digest> hash_of(std::uint8_t first) {
  return std::make_unique<Digest>(digest_from(first));
}

std::unique_ptr<Resources> resources() {
  return std::make_unique<Resources>(1500u, 2048u, 10u, 1u);
}

std::unique_ptr<ReportT> report() {
  auto out = std::make_unique<ReportT>();
  out->journal_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
  out->sequence = 41;
  return out;
}

std::vector<std::unique_ptr<PairT>> labels() {
  std::vector<std::unique_ptr<PairT>> out;
  for (const auto* key : {"stage", "team"}) {
    out.push_back(std::make_unique<PairT>());
    out.back()->key = key;
    out.back()->value = std::string{"of "} + key;
  }
  return out;
}

std::unique_ptr<NetworkT> network() {
  auto out = std::make_unique<NetworkT>();
  out->block_all = true;
  out->allow_list = "8.8.8.0/24";
  return out;
}

EventUnion organization_created() {
  OrganizationCreatedT e;
  e.name = "default";
  e.quota = std::make_unique<QuotaT>();
  e.quota->cpu_millis = 64000;
  e.quota->memory_mib = 65536;
  e.quota->disk_gib = 500;
  e.quota->sandboxes = 100;
  e.default_region = "local";
  return wrapped(std::move(e));
}

EventUnion organization_quota_set() {
  OrganizationQuotaSetT e;
  e.quota = std::make_unique<QuotaT>();
  e.quota->cpu_millis = 32000;
  e.quota->memory_mib = 32768;
  e.quota->disk_gib = 250;
  e.quota->sandboxes = 50;
  e.quota->sandbox_cpu_millis = 4000;
  e.quota->sandbox_memory_mib = 8192;
  e.quota->sandbox_disk_gib = 10;
  return wrapped(std::move(e));
}

EventUnion api_key_created() {
  ApiKeyCreatedT e;
  e.name = "ci";
  e.hash = hash_of(1);
  e.prefix = "dtn";
  e.suffix = "9f0";
  e.user_id = "user-1";
  e.permissions = {"write:sandboxes", "delete:sandboxes"};
  e.expires_at = sample_time + 1000;
  return wrapped(std::move(e));
}

EventUnion api_key_revoked() {
  ApiKeyRevokedT e;
  e.name = "ci";
  e.hash = hash_of(1);
  return wrapped(std::move(e));
}

EventUnion docker_registry_added() {
  DockerRegistryAddedT e;
  e.registry_id = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
  e.name = "ours";
  e.url = "https://registry.example.com:5000";
  e.project = "team";
  e.username_sealed = {1, 2, 3, 4};
  e.password_sealed = {5, 6, 7, 8, 9};
  return wrapped(std::move(e));
}

EventUnion docker_registry_changed() {
  DockerRegistryChangedT e;
  e.registry_id = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
  e.name = "theirs";
  e.url = "registry.example.com";
  e.project = "library";
  e.username_sealed = {4, 3, 2, 1};
  e.password_sealed = {9, 8, 7};
  return wrapped(std::move(e));
}

EventUnion docker_registry_removed() {
  DockerRegistryRemovedT e;
  e.registry_id = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
  return wrapped(std::move(e));
}

EventUnion snapshot_created() {
  SnapshotCreatedT e;
  e.name = "varve/base";
  e.aliases = {"daytonaio/sandbox"};
  e.general = true;
  e.image_ref = "sha256:00ff";
  e.resources = resources();
  e.entrypoint = {"/bin/sh", "-c", "true"};
  return wrapped(std::move(e));
}

EventUnion snapshot_activated() {
  SnapshotActivatedT e;
  e.image_ref = "sha256:00ff";
  e.size_bytes = 592'000'000;
  e.aliases = {"daytonaio/sandbox"};
  e.resources = resources();
  e.entrypoint = {"/bin/sh"};
  return wrapped(std::move(e));
}

EventUnion runner_registered() {
  RunnerRegisteredT e;
  e.region = "local";
  e.journal_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
  e.capacity = resources();
  e.runtime = "crun 1.8.1";
  return wrapped(std::move(e));
}

EventUnion sandbox_created() {
  SandboxCreatedT e;
  e.name = "blue";
  e.snapshot_id = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
  e.snapshot_name = "varve/base";
  e.image_ref = "sha256:00ff";
  e.user = "daytona";
  e.env_sealed = {1, 2, 3, 4, 5};
  e.env_names = {"A", "B"};
  e.labels = labels();
  e.is_public = true;
  e.region = "local";
  e.resources = resources();
  e.timers = std::make_unique<TimersT>();
  e.timers->auto_stop = 5;
  e.timers->auto_archive = 60;
  e.timers->auto_delete = 0;
  e.runner_id = "9b2d8f3e-6a54-4c0d-8f0a-1f4a5a8a7b11";
  return wrapped(std::move(e));
}

EventUnion sandbox_started() {
  SandboxStartedT e;
  e.toolbox_version = "0.1.0";
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion sandbox_stop_requested() {
  SandboxStopRequestedT e;
  e.force = true;
  return wrapped(std::move(e));
}

EventUnion sandbox_stopped() {
  SandboxStoppedT e;
  e.exit_code = 137;
  e.detail = "killed";
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion sandbox_failed() {
  SandboxFailedT e;
  e.reason = "the toolbox did not answer";
  e.recoverable = true;
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion sandbox_destroyed() {
  SandboxDestroyedT e;
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion sandbox_labels_replaced() {
  SandboxLabelsReplacedT e;
  e.labels = labels();
  return wrapped(std::move(e));
}

EventUnion sandbox_destroy_retried() {
  SandboxDestroyRetriedT e;
  e.attempt = 3;
  return wrapped(std::move(e));
}

EventUnion sandbox_idle_asked() {
  SandboxIdleAskedT e;
  e.idle_since = sample_time - 60'000;
  e.pause = true;
  return wrapped(std::move(e));
}

EventUnion sandbox_found_busy() {
  SandboxFoundBusyT e;
  e.last_used = sample_time - 1000;
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion sandbox_paused() {
  SandboxPausedT e;
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion sandbox_resumed() {
  SandboxResumedT e;
  e.detail = "this host cannot freeze processes";
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion sandbox_timers_set() {
  SandboxTimersSetT e;
  e.timers = std::make_unique<TimersT>();
  e.timers->auto_stop = 5;
  e.timers->auto_archive = 60;
  e.timers->auto_delete = 0;
  e.timers->auto_pause = 7;
  e.destroy_at = sample_time + 3600'000;
  return wrapped(std::move(e));
}

EventUnion sandbox_public_set() {
  SandboxPublicSetT e;
  e.is_public = true;
  return wrapped(std::move(e));
}

EventUnion sandbox_resize_requested() {
  SandboxResizeRequestedT e;
  e.resources = resources();
  return wrapped(std::move(e));
}

EventUnion sandbox_network_requested() {
  SandboxNetworkRequestedT e;
  e.network = network();
  return wrapped(std::move(e));
}

EventUnion sandbox_adjusted() {
  SandboxAdjustedT e;
  e.resources = resources();
  e.network = network();
  e.reason = "the runner was too busy";
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion warm_pool_set() {
  WarmPoolSetT e;
  e.pool_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
  e.snapshot_id = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
  e.snapshot_name = "varve/base";
  e.region = "local";
  e.size = 5;
  e.resources = resources();
  return wrapped(std::move(e));
}

EventUnion warm_pool_removed() {
  WarmPoolRemovedT e;
  e.pool_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
  return wrapped(std::move(e));
}

EventUnion sandbox_out_of_memory() {
  SandboxOutOfMemoryT e;
  e.process = "python3";
  e.signal = 9;
  e.report = report();
  return wrapped(std::move(e));
}

EventUnion sandbox_archived() {
  SandboxArchivedT e;
  e.archive = std::make_unique<ArchiveT>();
  e.archive->hash = hash_of(0x60);
  e.archive->size_bytes = 123'456'789;
  e.report = report();
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
    {Event::OrganizationCreated, organization_created},
    {Event::ApiKeyCreated, api_key_created},
    {Event::ApiKeyRevoked, api_key_revoked},
    {Event::SnapshotCreated, snapshot_created},
    {Event::SnapshotActivated, snapshot_activated},
    {Event::SnapshotRemoved, empty<SnapshotRemovedT>},
    {Event::RunnerRegistered, runner_registered},
    {Event::SandboxCreated, sandbox_created},
    {Event::SandboxStartRequested, empty<SandboxStartRequestedT>},
    {Event::SandboxStarted, sandbox_started},
    {Event::SandboxStopRequested, sandbox_stop_requested},
    {Event::SandboxStopped, sandbox_stopped},
    {Event::SandboxFailed, sandbox_failed},
    {Event::SandboxRecoveryRequested, empty<SandboxRecoveryRequestedT>},
    {Event::SandboxDestroyRequested, empty<SandboxDestroyRequestedT>},
    {Event::SandboxDestroyed, sandbox_destroyed},
    {Event::SandboxLabelsReplaced, sandbox_labels_replaced},
    {Event::SandboxDestroyRetried, sandbox_destroy_retried},
    {Event::SandboxSigningKeyRotated, empty<SandboxSigningKeyRotatedT>},
    {Event::SandboxIdleAsked, sandbox_idle_asked},
    {Event::SandboxFoundBusy, sandbox_found_busy},
    {Event::SandboxPauseRequested, empty<SandboxPauseRequestedT>},
    {Event::SandboxPaused, sandbox_paused},
    {Event::SandboxResumeRequested, empty<SandboxResumeRequestedT>},
    {Event::SandboxResumed, sandbox_resumed},
    {Event::SandboxTimersSet, sandbox_timers_set},
    {Event::SandboxPublicSet, sandbox_public_set},
    {Event::SandboxResizeRequested, sandbox_resize_requested},
    {Event::SandboxNetworkRequested, sandbox_network_requested},
    {Event::SandboxAdjusted, sandbox_adjusted},
    {Event::WarmPoolSet, warm_pool_set},
    {Event::WarmPoolRemoved, warm_pool_removed},
    {Event::OrganizationQuotaSet, organization_quota_set},
    {Event::DockerRegistryAdded, docker_registry_added},
    {Event::DockerRegistryChanged, docker_registry_changed},
    {Event::DockerRegistryRemoved, docker_registry_removed},
    {Event::SandboxOutOfMemory, sandbox_out_of_memory},
    {Event::SandboxArchiveRequested, empty<SandboxArchiveRequestedT>},
    {Event::SandboxArchived, sandbox_archived},
    {Event::SandboxRestoreRequested, empty<SandboxRestoreRequestedT>},
};

EventUnion event_of(Event event) {
  for (const auto& it : samples)
    if (it.event == event)
      return it.make();
  auto image = image_event(event);
  return image.type != Event::NONE ? std::move(image) : log_event(event);
}

} // namespace

std::optional<RecordT> sample_of(Event event) {
  auto entry = std::make_unique<EntryT>();
  entry->event = event_of(event);
  if (entry->event.type == Event::NONE)
    return std::nullopt;
  entry->aggregate = AggregateType::Sandbox;
  entry->aggregate_id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  entry->version = 7;
  entry->organization_version = 8;
  entry->deadline = sample_time + 60'000;
  entry->owes = true;
  RecordT out;
  for (std::uint8_t i = 0; i < 16; ++i)
    out.id.push_back(static_cast<std::uint8_t>(0xa0 + i));
  out.prev = hash_of(0x40);
  out.epoch = 2;
  out.index = 300;
  out.partition = 17;
  out.time = sample_time;
  out.organization_id = "123e4567-e89b-42d3-a456-426614174000";
  out.principal = "key:ci";
  out.command_id = "16fd2706-8baf-433b-82eb-8c7fada847da";
  out.cause = Cause::User;
  // Records of the events before had no such field.
  if (event >= Event::DockerRegistryAdded)
    out.request = hash_of(0x80);
  out.entries.push_back(std::move(entry));
  return out;
}

std::string name_of(Event event) {
  return EnumNameEvent(event);
}

} // namespace varve::log::golden
