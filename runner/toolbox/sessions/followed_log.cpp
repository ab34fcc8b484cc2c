#include "runner/toolbox/sessions/followed_log.hpp"

namespace varve::toolbox {

void log_follower::reach(std::uint64_t offset) {
  read = offset;
  moved = std::chrono::steady_clock::now();
}

bool followed_log::is_held() const {
  auto end = log.end(log_form::plain);
  auto now = std::chrono::steady_clock::now();
  for (const auto* one : followers)
    if (end > one->read + log_follower::lag_limit
        && now < one->moved + log_follower::patience)
      return true;
  return false;
}

} // namespace varve::toolbox
