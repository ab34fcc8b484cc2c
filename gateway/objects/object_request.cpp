#include "gateway/objects/object_request.hpp"

#include <algorithm>
#include <array>

#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t most_listed = 1000;
constexpr std::size_t longest_text = 1024;

auto not_implemented(std::string_view what) {
  return refusal_of(501, "NotImplemented",
                    std::string{what} + " is not implemented here");
}

auto invalid(std::string message) {
  return refusal_of(400, "InvalidArgument", std::move(message));
}

bool is_bucket_path(std::string_view path) noexcept {
  return path.size() > context_bucket.size() && path[0] == '/'
         && path.substr(1).starts_with(context_bucket)
         && (path.size() == context_bucket.size() + 1
             || path[context_bucket.size() + 1] == '/');
}

bool is_bucket_host(const request& r) noexcept {
  const auto* host = r.headers.find("Host");
  return host && host->size() > context_bucket.size() + 1
         && (*host)[context_bucket.size()] == '.'
         && same_ignoring_case(
             std::string_view{*host}.substr(0, context_bucket.size()),
             context_bucket);
}

// Everything of the query that has a meaning here, and what identifies.
constexpr std::array<std::string_view, 18> known_parameters{
    "list-type",
    "prefix",
    "max-keys",
    "continuation-token",
    "start-after",
    "encoding-type",
    "delimiter",
    "fetch-owner",
    "uploads",
    "uploadId",
    "partNumber",
    "x-id",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature"};
constexpr std::array<std::string_view, 2> known_presigned{
    "X-Amz-Security-Token", "X-Amz-Content-Sha256"};

constexpr std::array<std::string_view, 9> known_fields{
    "x-amz-date",           "x-amz-content-sha256",
    "x-amz-security-token", "x-amz-user-agent",
    "x-amz-trailer",        "x-amz-decoded-content-length",
    "x-amz-checksum-mode",  "x-amz-sdk-checksum-algorithm",
    "x-amz-api-version"};
// Of an upload in parts: what its parts will be checked by, each on its own.
constexpr std::array<std::string_view, 2> upload_fields{
    "x-amz-checksum-type", "x-amz-checksum-algorithm"};
constexpr std::array<std::string_view, 5> refused_fields{
    "If-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range",
    "Content-Encoding"};

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& names,
               std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(), [&](auto known) {
    return same_ignoring_case(known, name);
  });
}

object_result<void> check_fields(const request& r, object_call what) {
  constexpr std::string_view prefix = "x-amz-";
  bool has_bytes = what == object_call::put || what == object_call::put_part;
  bool is_upload =
      what == object_call::begin_upload || what == object_call::complete_upload;
  for (const auto& f : r.headers.fields) {
    bool is_theirs =
        f.name.size() > prefix.size()
        && same_ignoring_case(f.name.substr(0, prefix.size()), prefix);
    bool is_known = is_one_of(known_fields, f.name)
                    || (is_upload && is_one_of(upload_fields, f.name))
                    || (has_bytes && checksum_of_header(f.name));
    if (is_theirs && !is_known)
      return not_implemented(f.name);
    bool is_framing = same_ignoring_case(f.name, "Content-Encoding")
                      && same_ignoring_case(f.value, "aws-chunked");
    if (is_one_of(refused_fields, f.name) && !is_framing)
      return not_implemented(f.name);
  }
  return ok();
}

object_result<void> check_parameters(const request& r) {
  std::string_view query = r.query;
  while (!query.empty()) {
    auto end = query.find('&');
    auto name = percent_decoded(query.substr(0, end));
    auto equals = name ? name->find('=') : std::string::npos;
    if (name && equals != std::string::npos)
      name->resize(equals);
    if (!name)
      return refusal_of(400, "InvalidURI", "Couldn't parse the specified URI.");
    if (!name->empty() && !is_one_of(known_parameters, *name)
        && !is_one_of(known_presigned, *name))
      return not_implemented(*name);
    if (end == std::string_view::npos)
      return ok();
    query.remove_prefix(end + 1);
  }
  return ok();
}

object_result<void> take_list(const query_parameters& q, list_call& into) {
  auto text = [&](std::string_view name) {
    return q.value(name).value_or(std::string{});
  };
  if (text("list-type") != "2")
    return not_implemented("A list of another type than 2");
  if (!text("delimiter").empty())
    return not_implemented("delimiter");
  if (text("fetch-owner") == "true")
    return not_implemented("fetch-owner");
  auto encoding = text("encoding-type");
  if (!encoding.empty() && encoding != "url")
    return invalid("encoding-type must be url");
  into.is_encoded = !encoding.empty();
  into.prefix = text("prefix");
  into.start_after = text("start-after");
  into.token = text("continuation-token");
  into.after = into.token.empty() ? into.start_after : into.token;
  if (into.prefix.size() > longest_text || into.after.size() > longest_text)
    return invalid("A prefix or a place to begin at is too long");
  if (auto most = q.value("max-keys")) {
    auto number = whole_number(*most);
    if (!number)
      return invalid("max-keys must be a number");
    into.most = std::min<std::uint64_t>(*number, most_listed);
  }
  return ok();
}

// Below the bucket, decoded; empty for the bucket itself.
std::optional<std::string> key_text(const request& r) {
  auto path = percent_decoded(r.path);
  if (!path)
    return std::nullopt;
  std::size_t first = is_bucket_host(r) ? 1 : context_bucket.size() + 2;
  return path->size() <= first ? std::string{} : path->substr(first);
}

object_result<object_call> bucket_call(const request& r) {
  if (r.method == "HEAD")
    return object_call::head_bucket;
  if (r.method == "GET")
    return object_call::list;
  return refusal_of(405, "MethodNotAllowed",
                    "The bucket is made and kept by the server");
}

object_result<object_call> key_call(const request& r,
                                    const query_parameters& q) {
  bool has_upload = q.value("uploadId").has_value();
  bool begins = q.value("uploads").has_value();
  bool has_part = q.value("partNumber").has_value();
  if (r.method == "PUT" && has_part == has_upload && !begins)
    return has_upload ? object_call::put_part : object_call::put;
  if (r.method == "POST" && begins != has_upload && !has_part)
    return begins ? object_call::begin_upload : object_call::complete_upload;
  if (r.method == "DELETE" && has_upload && !begins && !has_part)
    return object_call::abort_upload;
  bool is_plain = !has_upload && !begins && !has_part;
  if (is_plain && r.method == "GET")
    return object_call::get;
  if (is_plain && r.method == "HEAD")
    return object_call::head;
  if (is_plain && r.method == "DELETE")
    return refusal_of(403, "AccessDenied",
                      "Objects go when they were not used for some days");
  if (r.method == "GET" && has_upload)
    return not_implemented("A list of parts");
  return refusal_of(405, "MethodNotAllowed",
                    "The specified method is not allowed against this "
                    "resource.");
}

object_result<void> take_conditions(const request& r, object_request& into) {
  const auto* condition = r.headers.find("If-None-Match");
  bool writes = into.what == object_call::put
                || into.what == object_call::complete_upload;
  if (condition && (!writes || *condition != "*"))
    return not_implemented("If-None-Match of another kind than * of a write");
  into.only_new = condition != nullptr;
  if (const auto* range = r.headers.find("Range"))
    into.range = *range;
  return ok();
}

object_result<void> take_upload(const query_parameters& q,
                                object_request& into) {
  into.upload_id = q.value("uploadId").value_or("");
  if (into.what != object_call::put_part)
    return ok();
  auto number = whole_number(q.value("partNumber").value_or(""));
  if (!number || *number == 0 || *number > UINT16_MAX)
    return invalid("Part number must be an integer between 1 and 10000");
  into.part_number = static_cast<std::uint32_t>(*number);
  return ok();
}

} // namespace

bool is_object_request(const request& r) noexcept {
  return is_bucket_path(r.path) || is_bucket_host(r);
}

object_result<object_request> object_request_of(const request& r) {
  BOOST_OUTCOME_TRYV(check_parameters(r));
  query_parameters q{r.query};
  auto text = key_text(r);
  if (!text)
    return refusal_of(400, "InvalidURI", "Couldn't parse the specified URI.");
  object_request out;
  if (text->empty()) {
    BOOST_OUTCOME_TRY(out.what, bucket_call(r));
    BOOST_OUTCOME_TRYV(check_fields(r, out.what));
    if (out.what == object_call::list) {
      BOOST_OUTCOME_TRYV(take_list(q, out.list));
    }
    return out;
  }
  out.key = object_key::parse(*text);
  if (!out.key)
    return invalid("A key is <organization>/<context hash>/<name>");
  BOOST_OUTCOME_TRY(out.what, key_call(r, q));
  BOOST_OUTCOME_TRYV(check_fields(r, out.what));
  BOOST_OUTCOME_TRYV(take_upload(q, out));
  BOOST_OUTCOME_TRYV(take_conditions(r, out));
  return out;
}

object_result<void> check_scope(const object_request& asked,
                                std::string_view organization) {
  bool inside = true;
  if (asked.key) {
    inside = asked.key->organization == organization;
  } else if (asked.what == object_call::list) {
    std::string_view prefix = asked.list.prefix;
    inside = prefix.starts_with(organization)
             && (prefix.size() == organization.size()
                 || prefix[organization.size()] == '/');
  }
  if (!inside)
    return refusal_of(403, "AccessDenied",
                      "These credentials are for keys below the "
                      "organization's id");
  return ok();
}

object_result<std::optional<byte_range>> range_of(std::string_view text,
                                                  std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  auto unsatisfiable = [] {
    return refusal_of(416, "InvalidRange",
                      "The requested range is not satisfiable");
  };
  auto dash = text.find('-');
  if (!text.starts_with(unit) || dash == std::string_view::npos
      || text.find(',') != std::string_view::npos)
    return std::optional<byte_range>{};
  auto first_text = text.substr(unit.size(), dash - unit.size());
  auto last_text = text.substr(dash + 1);
  auto first = whole_number(first_text);
  auto last = whole_number(last_text);
  if (first_text.empty() && last) {
    auto length = std::min(*last, size);
    if (length == 0)
      return unsatisfiable();
    return std::optional{byte_range{size - length, length}};
  }
  bool is_open = last_text.empty();
  if (!first || (!last && !is_open) || (last && *last < *first))
    return std::optional<byte_range>{};
  if (*first >= size)
    return unsatisfiable();
  auto end = is_open ? size - 1 : std::min(*last, size - 1);
  return std::optional{byte_range{*first, end - *first + 1}};
}

} // namespace varve::gateway
