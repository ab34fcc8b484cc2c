#include "gateway/proxy/forwarded_headers.hpp"

#include <array>

#include "gateway/proxy/sandbox_access.hpp"
#include "gateway/server/message_text.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::string_view token_cookie = "daytona-sandbox-auth-";

bool is_any_of(std::string_view name,
               std::initializer_list<std::string_view> names) noexcept {
  for (auto n : names)
    if (same_ignoring_case(n, name))
      return true;
  return false;
}

bool starts_ignoring_case(std::string_view text,
                          std::string_view prefix) noexcept {
  return text.size() >= prefix.size()
         && same_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// The cookies without those that open sandboxes.
std::string cookies_for_guest(std::string_view cookies) {
  std::string out;
  while (!cookies.empty()) {
    auto end = cookies.find(';');
    auto one = cookies.substr(0, end);
    auto first = one.find_first_not_of(' ');
    if (first != std::string_view::npos
        && !starts_ignoring_case(one.substr(first), token_cookie)) {
      if (!out.empty())
        out += "; ";
      out += one.substr(first);
    }
    if (end == std::string_view::npos)
      break;
    cookies.remove_prefix(end + 1);
  }
  return out;
}

bool is_for_guest(const header_list& all, std::string_view name) noexcept {
  return !is_hop_by_hop(all, name)
         && !is_any_of(name, {"Host", "Authorization", "Expect", "Cookie",
                              "X-Daytona-Preview-Token",
                              "X-Daytona-Disable-CORS", "X-Forwarded-For",
                              "X-Forwarded-Host", "Content-Length"});
}

void add_framing(header_list& to, const message_head& head) {
  if (head.chunked)
    to.add("Transfer-Encoding", "chunked");
  else if (head.content_length)
    to.add("Content-Length", std::to_string(*head.content_length));
}

void add_upgrade(header_list& to, const message_head& head) {
  if (!head.wants_upgrade) {
    to.add("Connection", "close");
    return;
  }
  to.add("Connection", "Upgrade");
  to.add("Upgrade", *head.headers.find("Upgrade"));
}

} // namespace

header_list headers_for_guest(const request& r, const message_head& head) {
  header_list out;
  out.add("Host", "localhost");
  for (const auto& f : r.headers.fields) {
    if (is_for_guest(r.headers, f.name)) {
      out.add(f.name, f.value);
    } else if (same_ignoring_case(f.name, "Cookie")) {
      if (auto left = cookies_for_guest(f.value); !left.empty())
        out.add(f.name, std::move(left));
    }
  }
  if (const auto* host = r.headers.find("Host"))
    out.add("X-Forwarded-Host", *host);
  const auto* before = r.headers.find("X-Forwarded-For");
  out.add("X-Forwarded-For", before ? *before + ", " + r.peer : r.peer);
  add_framing(out, head);
  add_upgrade(out, head);
  return out;
}

std::string query_for_guest(std::string_view query) {
  return without_parameter(query, token_parameter);
}

header_list headers_for_client(const message_head& answer,
                               std::string_view prefix, bool keeps_cors) {
  header_list out;
  for (const auto& f : answer.headers.fields) {
    if (is_hop_by_hop(answer.headers, f.name)
        || is_any_of(f.name,
                     {"Set-Cookie", "Content-Length", "Alt-Svc",
                      "Clear-Site-Data", "Strict-Transport-Security",
                      "Service-Worker-Allowed", "X-Daytona-Api-Version"})
        || starts_ignoring_case(f.name, "Varve-")
        || (!keeps_cors && starts_ignoring_case(f.name, "Access-Control-")))
      continue;
    auto value = f.value;
    if (same_ignoring_case(f.name, "Location") && value.starts_with('/')
        && !value.starts_with("//") && !value.starts_with(prefix))
      value.insert(0, prefix);
    out.add(f.name, std::move(value));
  }
  return out;
}

} // namespace varve::gateway
