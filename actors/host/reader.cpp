#include "actors/host/reader.hpp"

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

// The reply to the command that was recorded under this id, if one was.
result<std::optional<command_reply>> find_known(core& shared,
                                                const command_origin& who) {
  std::optional<command_reply> none;
  auto& store = *shared.options.store;
  VARVE_TRY(auto at, store.command(who.organization_id, who.command_id));
  if (!at)
    return none;
  VARVE_TRY(auto found, store.read(at->partition, at->index, 1));
  if (found.empty())
    return none;
  const auto* entry = found[0]->view().entries()->Get(0);
  return std::optional{command_reply{entry->aggregate_id()->str(),
                                     entry->version(), found[0]->at()}};
}

void answer(core& shared, const inquiry& question) {
  auto known = find_known(shared, question.refused->origin);
  if (known && known.value())
    question.refused->answer(std::move(*known.value()));
  else
    question.refused->answer(question.why);
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
