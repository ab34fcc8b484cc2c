#include "runner/toolbox/system/kernel_file.hpp"

#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <unistd.h>

namespace varve::toolbox {

namespace {

constexpr std::size_t text_limit = 64 << 10;
constexpr std::size_t line_limit = 4096;

// Whether the file could be opened; `take` says whether to go on.
bool read_parts(const std::string& path,
                const std::function<bool(std::string_view)>& take) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return false;
  char part[16 << 10];
  for (;;) {
    auto n = ::read(fd, part, sizeof part);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0 || !take({part, static_cast<std::size_t>(n)}))
      break;
  }
  ::close(fd);
  return true;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t out = 0;
  auto end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, out);
  bool whole = rest == end || *rest == '\n' || *rest == ' ';
  return ec == std::errc{} && whole ? std::optional{out} : std::nullopt;
}

} // namespace

std::optional<std::string> kernel_text(const std::string& path) {
  std::string out;
  bool opened = read_parts(path, [&](std::string_view part) {
    out += part;
    return out.size() < text_limit;
  });
  return opened ? std::optional{std::move(out)} : std::nullopt;
}

std::optional<std::uint64_t> kernel_number(const std::string& path) {
  auto text = kernel_text(path);
  return text ? number_in(*text) : std::nullopt;
}

std::optional<std::uint64_t> kernel_member(const std::string& path,
                                           std::string_view name) {
  std::optional<std::uint64_t> out;
  for_each_line(path, [&](std::string_view line) {
    if (line.starts_with(name) && line.size() > name.size()
        && line[name.size()] == ' ')
      out = number_in(line.substr(name.size() + 1));
  });
  return out;
}

bool for_each_line(const std::string& path,
                   const std::function<void(std::string_view)>& take) {
  std::string line;
  auto finish = [&] {
    if (!line.empty() && line.size() <= line_limit)
      take(line);
    line.clear();
  };
  bool opened = read_parts(path, [&](std::string_view part) {
    for (char c : part)
      if (c == '\n')
        finish();
      else if (line.size() <= line_limit)
        line += c;
    return true;
  });
  finish();
  return opened;
}

} // namespace varve::toolbox
