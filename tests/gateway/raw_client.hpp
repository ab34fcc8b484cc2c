// A client that sends exactly the bytes a test gives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace varve::test {

struct raw_answer {
  unsigned status = 0; // 0: the connection ended first
  std::string head;
  std::map<std::string, std::string> headers; // names in lower case
  std::string body;
  bool is_whole = false; // the body came to its proper end

  boost::json::object json() const; // requires the body to be an object
  std::string text(std::string_view member) const;
};

class raw_client {
 public:
  // To 127.0.0.1; every wait ends after 10 s.
  explicit raw_client(std::uint16_t port);
  explicit raw_client(const std::string& unix_path);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  bool send(std::string_view bytes);
  // Reads one answer; `bodiless` for HEAD.
  raw_answer read_answer(bool bodiless = false);
  // Up to n bytes, less at the end of the stream.
  std::string read_exactly(std::size_t n);
  // True when the server closed within the time, and sent nothing more.
  bool is_closed_within(std::chrono::milliseconds limit);
  void shut_writing();
  int descriptor() const noexcept {
    return fd_;
  }

 private:
  bool fill();
  std::string take_line();
  void read_chunks(raw_answer& into);

  int fd_ = -1;
  std::string buffer_;
};

// "GET /x HTTP/1.1" with Host, the key and a body.
std::string request_text(std::string_view method, std::string_view target,
                         std::string_view key, std::string_view body = {},
                         const std::vector<std::string>& more_fields = {});

} // namespace varve::test
