#include "runner/builder/dockerfile.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "runner/images/puller.hpp"

namespace varve::runner {

namespace {

constexpr std::size_t most_images = 32;
constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) noexcept {
  auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (;;) {
    auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
      return out;
    text = text.substr(first);
    auto end = std::min(text.find_first_of(blanks), text.size());
    out.emplace_back(text.substr(0, end));
    text = text.substr(end);
  }
}

// Instructions, each in one line, without comments.
std::vector<std::string> instructions_of(std::string_view text) {
  std::vector<std::string> out;
  std::string line;
  while (!text.empty()) {
    auto end = text.find('\n');
    auto one = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{}
                                         : text.substr(end + 1);
    if (one.empty() || one.front() == '#')
      continue;
    auto goes_on = one.back() == '\\';
    line += goes_on ? one.substr(0, one.size() - 1) : one;
    line += goes_on ? " " : "";
    if (!goes_on)
      out.push_back(std::exchange(line, {}));
  }
  if (!line.empty())
    out.push_back(std::move(line));
  return out;
}

std::string unquoted(std::string text) {
  auto quoted = text.size() >= 2
                && (text.front() == '"' || text.front() == '\'')
                && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

class reading {
 public:
  result<std::vector<std::string>> run(std::string_view dockerfile) {
    for (const auto& line : instructions_of(dockerfile)) {
      VARVE_CHECK(take(line));
    }
    if (stages_ == 0)
      return failure(errc::invalid, "The Dockerfile has no FROM");
    return std::move(images_);
  }

 private:
  result<void> take(const std::string& line) {
    auto words = words_of(line);
    auto instruction = lower(words[0]);
    if (instruction == "from")
      return from(words);
    if (instruction == "arg" && stages_ == 0)
      return argument(words);
    if (stages_ == 0)
      return failure(errc::invalid,
                     "The Dockerfile must begin with FROM, not with "
                         + words[0].substr(0, 40));
    if (instruction == "copy" || instruction == "run")
      return options(words);
    return ok();
  }

  result<void> argument(const std::vector<std::string>& words) {
    for (std::size_t i = 1; i < words.size(); ++i)
      if (auto at = words[i].find('='); at != std::string::npos)
        arguments_[words[i].substr(0, at)] = unquoted(words[i].substr(at + 1));
    return ok();
  }

  result<void> from(const std::vector<std::string>& words) {
    std::size_t i = 1;
    while (i < words.size() && words[i].starts_with("--"))
      ++i;
    if (i == words.size())
      return failure(errc::invalid, "FROM must name an image");
    auto name = replaced(unquoted(words[i]));
    auto has_alias = i + 2 < words.size() && lower(words[i + 1]) == "as";
    if (i + 1 != words.size() && !(has_alias && i + 3 == words.size()))
      return failure(errc::invalid,
                     "FROM must be followed by an image and perhaps AS and a "
                     "name");
    VARVE_CHECK(need(name));
    ++stages_;
    if (has_alias)
      names_.insert(lower(words[i + 2]));
    return ok();
  }

  // Those of COPY and RUN that may name an image.
  result<void> options(const std::vector<std::string>& words) {
    for (std::size_t i = 1; i < words.size() && words[i].starts_with("--");
         ++i) {
      if (words[i].starts_with("--from=")) {
        VARVE_CHECK(need(replaced(unquoted(words[i].substr(7)))));
      }
      if (!words[i].starts_with("--mount="))
        continue;
      std::string_view rest{words[i]};
      auto at = rest.find("from=");
      if (at == std::string_view::npos || (at != 8 && rest[at - 1] != ','))
        continue;
      rest = rest.substr(at + 5);
      VARVE_CHECK(need(replaced(std::string{rest.substr(0, rest.find(','))})));
    }
    return ok();
  }

  // $NAME, ${NAME}, ${NAME:-default}.
  std::string replaced(const std::string& text) const {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '$') {
        out += text[i++];
        continue;
      }
      auto braced = i + 1 < text.size() && text[i + 1] == '{';
      auto begin = i + (braced ? 2 : 1);
      auto end = begin;
      while (end < text.size()
             && (std::isalnum(static_cast<unsigned char>(text[end])) != 0
                 || text[end] == '_'))
        ++end;
      auto name = text.substr(begin, end - begin);
      auto close = braced ? std::min(text.find('}', end), text.size()) : end;
      auto found = arguments_.find(name);
      if (found != arguments_.end() && !found->second.empty())
        out += found->second;
      else if (braced && text.compare(end, 2, ":-") == 0)
        out += text.substr(end + 2, close - end - 2);
      i = braced ? std::min(close + 1, text.size()) : end;
    }
    return out;
  }

  result<void> need(const std::string& name) {
    auto is_number =
        !name.empty()
        && name.find_first_not_of("0123456789") == std::string::npos;
    if (name == "scratch" || is_number || names_.count(lower(name)) != 0)
      return ok();
    if (!is_image_name(name))
      return failure(errc::invalid,
                     "\"" + name.substr(0, 80) + "\" is no name of an image");
    if (std::find(images_.begin(), images_.end(), name) == images_.end())
      images_.push_back(name);
    if (images_.size() > most_images)
      return failure(errc::invalid, "The Dockerfile names too many images");
    return ok();
  }

  std::vector<std::string> images_;
  std::map<std::string, std::string> arguments_;
  std::set<std::string> names_; // of stages
  std::size_t stages_ = 0;
};

} // namespace

result<std::vector<std::string>> images_in(std::string_view dockerfile) {
  return reading{}.run(dockerfile);
}

} // namespace varve::runner
