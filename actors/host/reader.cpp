#include "actors/host/reader.hpp"

#include "actors/host/known_command.hpp"

namespace varve::host {

namespace {

// Records per message: an aggregate asks for the next part when it has folded
// one, so a long stream is never in memory at once.
constexpr std::size_t part_size = 256;

history read(core& shared, const recovery& request) {
  auto records = shared.options.store->read_stream(
      request.stream, request.from_version, part_size);
  auto complete = !records || records.value().size() < part_size;
  return {std::move(records), complete};
}

// By the record of the same command if there is one, else with the refusal.
void answer(core& shared, const inquiry& question) {
  const auto& who = question.refused->origin;
  auto known = known_command(*shared.options.store, who.organization_id,
                             who.command_id, who.request);
  if (!known && known.error().code == errc::reused)
    return question.refused->answer(std::move(known).error());
  if (!known || !known.value())
    return question.refused->answer(question.why);
  const auto& record = *known.value();
  const auto* entry = record.view().entries()->Get(0);
  question.refused->answer(command_reply{entry->aggregate_id()->str(),
                                         entry->version(), record.at()});
}

} // namespace

reader_handle::behavior_type reader(reader_handle::pointer self,
                                    core_ptr shared) {
  return {
      [shared](const recovery_ptr& request) {
        caf::anon_send(request->asker,
                       std::make_shared<history>(read(*shared, *request)));
      },
      [shared](const inquiry_ptr& question) { answer(*shared, *question); },
      [self](signal what) {
        if (what == signal::end)
          self->quit();
      },
  };
}

} // namespace varve::host
