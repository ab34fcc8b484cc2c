#include "runner/toolbox/request.hpp"

#include <cstdint>

namespace varve::toolbox {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

// A query additionally writes a space as '+'.
std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '\0') {
      return std::nullopt;
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size())
        return std::nullopt;
      int high = hex_digit(text[i + 1]);
      int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0 || high * 16 + low == 0)
        return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

bool parse_query(std::string_view text, std::vector<name_value>& out) {
  while (!text.empty()) {
    auto field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    if (field.empty())
      continue;
    auto equals = field.find('=');
    auto name = decode(field.substr(0, equals), true);
    auto value =
        decode(equals == std::string_view::npos ? std::string_view{}
                                                : field.substr(equals + 1),
               true);
    if (!name || !value)
      return false;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

void add_header(std::string& out, std::string_view name,
                std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

} // namespace

std::optional<std::string_view> query_value(const request& rq,
                                            std::string_view name) {
  for (const auto& [key, value] : rq.query)
    if (key == name)
      return value;
  return std::nullopt;
}

response json_response(int status, std::string body) {
  return {status, "application/json; charset=utf-8", std::move(body), {}};
}

response empty_response(int status) {
  return {status, {}, {}, {}};
}

bool parse_target(std::string_view target, request& out) {
  if (target.empty() || target.front() != '/')
    return false;
  auto question = target.find('?');
  auto path = decode(target.substr(0, question), false);
  if (!path)
    return false;
  while (path->size() > 1 && path->back() == '/')
    path->pop_back();
  out.path = std::move(*path);
  out.query.clear();
  return question == std::string_view::npos
         || parse_query(target.substr(question + 1), out.query);
}

std::string response_head(int status, std::string_view content_type,
                          const std::vector<name_value>& headers,
                          std::optional<std::uint64_t> length,
                          bool keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out += reason_phrase(status);
  out += "\r\n";
  if (!content_type.empty())
    add_header(out, "Content-Type", content_type);
  for (const auto& [name, value] : headers)
    add_header(out, name, value);
  // RFC 9110: a 204 has no framing header.
  if (!length)
    add_header(out, "Transfer-Encoding", "chunked");
  else if (status != 204)
    add_header(out, "Content-Length", std::to_string(*length));
  if (!keep_alive)
    add_header(out, "Connection", "close");
  out += "\r\n";
  return out;
}

std::string chunk(std::string_view bytes) {
  char size[32];
  auto n = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  std::string out{size, static_cast<std::size_t>(n)};
  out += bytes;
  return out += "\r\n";
}

std::string_view reason_phrase(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 101:
    return "Switching Protocols";
  case 201:
    return "Created";
  case 202:
    return "Accepted";
  case 204:
    return "No Content";
  case 206:
    return "Partial Content";
  case 400:
    return "Bad Request";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 410:
    return "Gone";
  case 413:
    return "Content Too Large";
  case 416:
    return "Range Not Satisfiable";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  case 507:
    return "Insufficient Storage";
  default:
    return "Other";
  }
}

} // namespace varve::toolbox
