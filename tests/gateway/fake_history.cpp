#include "tests/gateway/fake_history.hpp"

#include <algorithm>

#include "events/base/ids.hpp"

namespace varve::test {

namespace {

constexpr timestamp sample_time = 1'800'000'000'000;

std::unique_ptr<schema::Digest> digest_of(const log::digest& bytes) {
  return std::make_unique<schema::Digest>(
      flatbuffers::span<const std::uint8_t, 32>{bytes});
}

} // namespace

log::position fake_history::add(const std::string& aggregate_id,
                                schema::EventUnion event,
                                const command_origin& origin) {
  std::lock_guard lock{mutex_};
  auto& stream = streams_[aggregate_id];
  schema::RecordT content;
  auto id = uuid::v7(sample_time);
  content.id.assign(id.bytes.begin(), id.bytes.end());
  content.prev = digest_of({});
  content.partition = log::partition_of(origin.organization_id);
  content.index = next_index_++;
  content.time = sample_time;
  content.organization_id = origin.organization_id;
  content.principal = origin.principal;
  content.command_id = origin.command_id;
  content.cause = origin.cause;
  if (origin.request)
    content.request = digest_of(*origin.request);
  auto entry = std::make_unique<schema::EntryT>();
  entry->aggregate = schema::AggregateType::Sandbox;
  entry->aggregate_id = aggregate_id;
  entry->version = stream.size() + 1;
  entry->event = std::move(event);
  content.entries.push_back(std::move(entry));
  auto sealed = log::record::seal(content).value();
  stream.push_back(sealed);
  if (!origin.command_id.empty())
    commands_[origin.organization_id + "/" + origin.command_id] = sealed;
  return sealed->at();
}

result<std::vector<log::record_ptr>>
fake_history::stream(std::string_view aggregate_id, std::uint64_t from_version,
                     std::size_t limit) {
  std::lock_guard lock{mutex_};
  std::vector<log::record_ptr> out;
  auto found = streams_.find(aggregate_id);
  if (found == streams_.end() || from_version > found->second.size())
    return out;
  auto first = found->second.begin() + static_cast<long>(from_version - 1);
  auto left = static_cast<std::size_t>(found->second.end() - first);
  out.assign(first, first + static_cast<long>(std::min(left, limit)));
  return out;
}

result<log::record_ptr> fake_history::command(std::string_view organization_id,
                                              std::string_view command_id) {
  std::lock_guard lock{mutex_};
  auto found = commands_.find(std::string{organization_id} + "/"
                              + std::string{command_id});
  return found == commands_.end() ? log::record_ptr{} : found->second;
}

std::string fake_history::last_record_id(const std::string& aggregate_id) {
  std::lock_guard lock{mutex_};
  uuid id;
  const auto* bytes = streams_.at(aggregate_id).back()->view().id();
  std::copy(bytes->begin(), bytes->end(), id.bytes.begin());
  return id.str();
}

} // namespace varve::test
