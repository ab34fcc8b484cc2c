#include "runner/toolbox/git/address.hpp"

#include <algorithm>
#include <cctype>

namespace varve::toolbox::git {

namespace {

bool is_scheme_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+'
         || c == '-' || c == '.';
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0
        && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16
                               + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.'
        || c == '~') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

struct url_parts {
  std::string_view scheme;
  std::optional<std::string_view> login;
  std::string_view host;
  std::string_view path; // with its slash
};

std::optional<url_parts> split_url(std::string_view text) {
  auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0
      || !std::all_of(text.begin(), text.begin() + static_cast<long>(colon),
                      is_scheme_char))
    return std::nullopt;
  url_parts out;
  out.scheme = text.substr(0, colon);
  auto rest = text.substr(colon + 3);
  auto slash = std::min(rest.find('/'), rest.size());
  auto authority = rest.substr(0, slash);
  out.path = rest.substr(slash);
  if (auto at = authority.rfind('@'); at != std::string_view::npos) {
    out.login = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  out.host = authority;
  return out;
}

login login_of(std::string_view text) {
  auto colon = std::min(text.find(':'), text.size());
  auto password = text.substr(std::min(text.size(), colon + 1));
  return {unescaped(text.substr(0, colon)), unescaped(password)};
}

// "git@host:path": no scheme, and a colon before any slash.
bool is_ssh_shorthand(std::string_view text) {
  auto colon = text.find(':');
  return colon != std::string_view::npos && colon < text.find('/');
}

std::string_view next_line(std::string_view& text) {
  auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

problem unknown_scheme(std::string_view scheme) {
  return bad_request("a remote must be an http or https URL or a path; '"
                     + std::string{scheme} + "' is not supported");
}

} // namespace

outcome<address> parse_address(std::string_view text) {
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 32; };
  if (text.empty() || std::any_of(text.begin(), text.end(), is_control))
    return bad_request("the URL is malformed");
  auto parts = split_url(text);
  if (!parts) {
    if (is_ssh_shorthand(text))
      return unknown_scheme("ssh");
    return address{std::string{text}, {}, {}, {}};
  }
  address out;
  out.scheme = lower(parts->scheme);
  if (out.scheme == "file")
    return address{std::string{text}, "file", {}, {}};
  if (out.scheme != "http" && out.scheme != "https" && out.scheme != "git")
    return unknown_scheme(out.scheme);
  if (parts->host.empty())
    return bad_request("the URL names no host");
  out.host = lower(parts->host);
  out.url =
      out.scheme + "://" + std::string{parts->host} + std::string{parts->path};
  if (parts->login)
    out.given = login_of(*parts->login);
  return out;
}

std::string without_credentials(std::string_view text) {
  std::string out;
  for (;;) {
    auto start = text.find("://");
    if (start == std::string_view::npos)
      break;
    start += 3;
    out += text.substr(0, start);
    text.remove_prefix(start);
    auto end = std::min(text.find_first_of("/ \t\n\"'<>"), text.size());
    auto at = text.substr(0, end).rfind('@');
    if (at != std::string_view::npos) {
      out += "***";
      text.remove_prefix(at);
    }
  }
  out += text;
  return out;
}

std::optional<login> find_login(std::string_view store, const address& of) {
  while (!store.empty()) {
    auto parts = split_url(next_line(store));
    if (parts && parts->login && lower(parts->scheme) == of.scheme
        && lower(unescaped(parts->host)) == of.host)
      return login_of(*parts->login);
  }
  return std::nullopt;
}

std::string with_login(std::string_view store, std::string_view scheme,
                       std::string_view host, const login& entry) {
  // git takes the first that fits.
  std::string out{scheme};
  out += "://" + escaped(entry.user) + ":" + escaped(entry.password) + "@";
  out += host;
  out += '\n';
  while (!store.empty()) {
    auto line = next_line(store);
    auto parts = split_url(line);
    bool is_same = parts && parts->login && lower(parts->scheme) == scheme
                   && lower(unescaped(parts->host)) == lower(host)
                   && login_of(*parts->login).user == entry.user;
    if (!is_same && !line.empty()) {
      out += line;
      out += '\n';
    }
  }
  return out;
}

} // namespace varve::toolbox::git
