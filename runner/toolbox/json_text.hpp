// Writes JSON strings from bytes of any kind: what is not UTF-8 becomes
// U+FFFD, so that the output of a process or a file name can be answered.
#pragma once

#include <string>
#include <string_view>

namespace varve::toolbox {

// Escapes a text that arrives in pieces, which may cut a character in two.
class json_escaper {
 public:
  void append(std::string_view piece, std::string& out);
  // Writes what an unfinished last character is worth.
  void finish(std::string& out);

 private:
  // False: the byte ended what was unfinished and is to be taken again.
  bool take_special(char c, std::string& out);

  char pending_[4] = {};
  unsigned pending_size_ = 0;
};

// With the quotes.
std::string json_string(std::string_view text);

} // namespace varve::toolbox
