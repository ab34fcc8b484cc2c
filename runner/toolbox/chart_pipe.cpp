#include "runner/toolbox/chart_pipe.hpp"

#include <array>
#include <cerrno>

#include <unistd.h>

#include "runner/toolbox/json_body.hpp"

namespace varve::toolbox {

namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr int reads_at_end = 16;

} // namespace

std::shared_ptr<chart_pipe> chart_pipe::read(boost::asio::io_context& io,
                                             memory_budget& memory, int fd) {
  auto out = std::make_shared<chart_pipe>(io, memory, fd);
  out->read_more();
  return out;
}

chart_pipe::chart_pipe(boost::asio::io_context& io, memory_budget& memory,
                       int fd)
    : pipe_{io, fd}, share_{memory} {
  pipe_.non_blocking(true);
}

void chart_pipe::read_more() {
  pipe_.async_wait(stream_descriptor::wait_read,
                   [self = shared_from_this()](error_code ec) {
                     if (!ec && self->read_some())
                       self->read_more();
                   });
}

// False when nothing more is to come.
bool chart_pipe::read_some() {
  static std::array<char, 64 << 10> buffer;
  auto n = ::read(pipe_.native_handle(), buffer.data(), buffer.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return true;
  auto size = n > 0 ? static_cast<std::size_t>(n) : 0;
  if (size == 0 || text_.size() + size > limit || !share_.take(size)) {
    pipe_.close();
    return false;
  }
  text_.append(buffer.data(), size);
  return true;
}

std::vector<std::string> chart_pipe::finish() {
  for (int i = 0; i < reads_at_end && pipe_.is_open(); ++i)
    read_some();
  pipe_.close();
  std::vector<std::string> out;
  auto text = std::exchange(text_, {});
  std::string_view rest{text};
  for (auto end = rest.find('\n'); end != std::string_view::npos;
       end = rest.find('\n')) {
    auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    // The code may have written there as well.
    if (parse_object(line))
      out.emplace_back(line);
  }
  return out;
}

} // namespace varve::toolbox
