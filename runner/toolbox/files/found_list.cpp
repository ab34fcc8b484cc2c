#include "runner/toolbox/files/found_list.hpp"

namespace varve::toolbox::files {

found_list::found_list(exchange& ex, std::string_view opening,
                       list_limits limits)
    : exchange_{ex}, limits_{limits} {
  ex.begin(200, "application/json; charset=utf-8", {}, std::nullopt);
  is_broken_ = !ex.write(opening);
}

bool found_list::goes_on() {
  is_late_ = is_late_ || exchange_.worked() > limits_.time;
  return !is_late_ && !is_full_ && !is_broken_;
}

bool found_list::add(std::string_view element) {
  is_full_ = is_full_ || added_ == limits_.elements;
  if (!goes_on())
    return false;
  if (added_ > 0)
    exchange_.write(",");
  is_broken_ = !exchange_.write(element);
  ++added_;
  return !is_broken_;
}

void found_list::finish(std::string_view closing) {
  if (is_late_) {
    auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(limits_.time).count();
    exchange_.give_up({408, "REQUEST_TIMEOUT",
                       "request timeout: this takes longer than "
                           + std::to_string(seconds)
                           + " seconds; look below a smaller directory"});
  } else if (is_full_) {
    exchange_.give_up(bad_request("there are more than "
                                  + std::to_string(limits_.elements)
                                  + " of them; look below a smaller directory "
                                    "or for a narrower pattern"));
  } else {
    exchange_.write(closing);
    exchange_.finish();
  }
}

} // namespace varve::toolbox::files
