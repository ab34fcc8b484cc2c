#include "runner/toolbox/files/line_scanner.hpp"

#include <algorithm>
#include <utility>

namespace varve::toolbox::files {

bool line_scanner::emit(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  stopped_ = line.size() > longest_line || !on_line_(++number_, line);
  return !stopped_;
}

bool line_scanner::is_binary(std::string_view bytes) {
  auto probe = bytes.substr(0, binary_probe - probed_);
  probed_ += probe.size();
  return probe.find('\0') != std::string_view::npos;
}

bool line_scanner::feed(std::string_view bytes) {
  if (stopped_ || is_binary(bytes)) {
    stopped_ = true;
    return false;
  }
  while (!bytes.empty()) {
    auto end = bytes.find('\n');
    auto line = bytes.substr(0, end);
    if (partial_.size() + line.size() > longest_line + 1) {
      stopped_ = true;
      return false;
    }
    if (end == std::string_view::npos) {
      partial_.append(line);
      return true;
    }
    bytes.remove_prefix(end + 1);
    if (partial_.empty()) {
      if (!emit(line))
        return false;
      continue;
    }
    partial_.append(line);
    auto whole = std::exchange(partial_, {});
    if (!emit(whole))
      return false;
  }
  return true;
}

void line_scanner::finish() {
  if (!stopped_ && !partial_.empty())
    emit(std::exchange(partial_, {}));
}

} // namespace varve::toolbox::files
