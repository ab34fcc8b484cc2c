#include "runner/toolbox/captured_output.hpp"

#include <algorithm>

namespace varve::toolbox {

void captured_output::append(std::string_view bytes) {
  written_ += bytes.size();
  // Once something was left out, nothing behind it may follow.
  if (full_)
    return;
  auto fits = bytes.substr(0, limit - kept_);
  if (kept_ + fits.size() > granted && !share_.take(fits.size()))
    fits = fits.substr(0, granted - std::min(granted, kept_));
  full_ = fits.size() < bytes.size();
  kept_ += fits.size();
  while (!fits.empty()) {
    if (pieces_.empty() || pieces_.back().size() == piece_size)
      pieces_.emplace_back();
    auto& last = pieces_.back();
    auto part = fits.substr(0, piece_size - last.size());
    last.append(part);
    fits.remove_prefix(part.size());
  }
}

} // namespace varve::toolbox
