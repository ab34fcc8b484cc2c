#include "runner/toolbox/interpreter/context_table.hpp"

#include "events/base/ids.hpp"

namespace varve::toolbox {

outcome<std::shared_ptr<interpreter_context>>
context_table::create(std::string cwd) {
  if (all_.size() >= most_contexts)
    return too_busy("too many interpreter contexts");
  auto made = std::make_shared<interpreter_context>(rt_, uuid::v4().str(),
                                                    std::move(cwd));
  all_.push_back(made);
  return made;
}

std::shared_ptr<interpreter_context> context_table::find(std::string_view id) {
  if (id.empty() || id == default_id) {
    if (!default_)
      default_ = std::make_shared<interpreter_context>(
          rt_, std::string{default_id}, rt_.sandbox.workdir);
    return default_;
  }
  for (const auto& one : all_)
    if (one->id() == id)
      return one;
  return nullptr;
}

void context_table::forget(const interpreter_context& which) {
  std::erase_if(all_, [&](const auto& one) { return &*one == &which; });
}

} // namespace varve::toolbox
