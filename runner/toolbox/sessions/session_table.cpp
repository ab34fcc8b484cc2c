#include "runner/toolbox/sessions/session_table.hpp"

#include <algorithm>

namespace varve::toolbox {

outcome<std::shared_ptr<session>>
session_table::create(const std::string& id, const std::string& cwd) {
  if (find(id))
    return conflict("session already exists");
  make_room();
  if (sessions_.size() >= most_sessions)
    return too_busy("too many sessions");
  auto made = std::make_shared<session>(rt_, memory_, id);
  sessions_.push_back(made);
  made->start_shell(cwd);
  return made;
}

void session_table::make_room() {
  if (sessions_.size() < most_sessions)
    return;
  for (const auto& one : sessions_)
    if (one->state() == session::condition::ended
        && one->id() != entrypoint_id) {
      one->end([] {});
      return forget(*one);
    }
}

void session_table::start_entrypoint() {
  if (rt_.sandbox.config.entrypoint.empty())
    return;
  auto made =
      std::make_shared<session>(rt_, memory_, std::string{entrypoint_id});
  sessions_.push_back(made);
  made->start_entrypoint();
}

void session_table::forget(const session& which) {
  auto found = std::find_if(sessions_.begin(), sessions_.end(),
                            [&](const auto& one) { return &*one == &which; });
  if (found != sessions_.end())
    sessions_.erase(found);
}

outcome<std::shared_ptr<session>>
session_table::find(std::string_view id) const {
  for (const auto& one : sessions_)
    if (one->id() == id)
      return one;
  return not_found("session not found");
}

std::vector<std::shared_ptr<session>> session_table::all() const {
  std::vector<std::shared_ptr<session>> out;
  for (const auto& one : sessions_)
    if (one->id() != entrypoint_id)
      out.push_back(one);
  return out;
}

} // namespace varve::toolbox
