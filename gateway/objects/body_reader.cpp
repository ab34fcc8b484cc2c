#include "gateway/objects/body_reader.hpp"

#include <vector>

namespace varve::gateway {

using std::chrono::steady_clock;

namespace {

constexpr std::chrono::minutes body_time{60};

} // namespace

std::optional<std::uint64_t> body_reader::length() const {
  const auto& head = client_.reader.head();
  if (!head.content_length && !head.chunked)
    return 0;
  return head.content_length;
}

awaitable<bool> body_reader::begin() {
  until_ = steady_clock::now() + body_time;
  if (client_.reader.is_complete())
    co_return false;
  if (client_.reader.head().expects_continue) {
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    std::vector<asio::const_buffer> parts{asio::buffer(text)};
    co_await client_.stream.write(parts, quiet_time);
  }
  co_return true;
}

awaitable<object_result<bool>> body_reader::read_piece(std::string& into) {
  into.resize(piece_size);
  std::size_t filled = 0;
  bool goes_on = true;
  while (goes_on && filled < into.size()) {
    auto room = asio::buffer(into.data() + filled, into.size() - filled);
    auto got = co_await client_.reader.read_body(room, quiet_time);
    if (got.failure)
      co_return refusal_of(400, "IncompleteBody",
                           "The body ended before all of it had come");
    if (steady_clock::now() > until_)
      co_return refusal_of(400, "RequestTimeout",
                           "The body took too long to come");
    filled += got.bytes;
    goes_on = got.bytes > 0;
  }
  into.resize(filled);
  co_return goes_on;
}

awaitable<object_result<void>> body_reader::read_all(std::string& into,
                                                     std::size_t longest) {
  bool goes_on = co_await begin();
  while (goes_on) {
    std::string piece;
    auto got = co_await read_piece(piece);
    if (!got)
      co_return got.error();
    goes_on = got.value();
    into += piece;
    if (into.size() > longest)
      co_return refusal_of(400, "EntityTooLarge", "The body is too long");
  }
  co_return ok();
}

} // namespace varve::gateway
