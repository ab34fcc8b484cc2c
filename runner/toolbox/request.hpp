// What a handler sees of an HTTP request and what it answers, without any
// HTTP library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace varve::toolbox {

using name_value = std::pair<std::string, std::string>;

struct request {
  std::string method;            // upper case
  std::string path;              // percent-decoded, without a trailing slash
  std::vector<name_value> query; // percent-decoded, in order
  std::string content_type;
  std::string range;
  std::string if_range;
  std::string sdk_version;   // X-Daytona-SDK-Version
  bool wants_split = false;  // X-Daytona-Split-Output: true
  std::string websocket_key; // of an upgrade to a WebSocket
  std::string subprotocols;  // what it offers, as sent
  bool keep_alive = true;
};

// The first value of a query parameter; nullopt when it is absent.
std::optional<std::string_view> query_value(const request& rq,
                                            std::string_view name);

struct response {
  int status = 200;
  std::string content_type; // empty: the header is not sent
  std::string body;
  std::vector<name_value> headers;
};

response json_response(int status, std::string body);
response empty_response(int status);

// Sets path and query from a request target ("/a%20b?x=1"). False when the
// target is malformed: no leading slash, a bad escape or a NUL.
bool parse_target(std::string_view target, request& out);

// "HTTP/1.1 200 OK" and all headers with the blank line. Without a length the
// body is chunked.
std::string response_head(int status, std::string_view content_type,
                          const std::vector<name_value>& headers,
                          std::optional<std::uint64_t> length, bool keep_alive);

// A part of a chunked body; an empty one ends it.
std::string chunk(std::string_view bytes);

std::string_view reason_phrase(int status);

} // namespace varve::toolbox
