#include "gateway/objects/object_xml.hpp"

#include <charconv>

#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::string_view head =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view space =
    " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += '?'; // XML has no way to say it
    else
      out += c;
  }
  return out;
}

std::string element(std::string_view name, std::string_view text) {
  std::string out{"<"};
  out.append(name).append(">").append(escaped(text)).append("</");
  return out.append(name).append(">");
}

std::string key_as(const list_call& asked, std::string_view key) {
  if (!asked.is_encoded)
    return std::string{key};
  std::string out;
  for (auto part : path_segments("/" + std::string{key}))
    out += (out.empty() ? "" : "/") + percent_encoded(part);
  return out;
}

} // namespace

std::string error_xml(const object_error& e, std::string_view resource,
                      std::string_view request_id) {
  return std::string{head} + "<Error>" + element("Code", e.code)
         + element("Message", e.message) + element("Resource", resource)
         + element("RequestId", request_id) + "</Error>";
}

std::string list_xml(const list_call& asked, const object_page& page) {
  std::string out{head};
  out.append("<ListBucketResult").append(space).append(">");
  out += element("Name", context_bucket);
  out += element("Prefix", key_as(asked, asked.prefix));
  if (!asked.start_after.empty())
    out += element("StartAfter", key_as(asked, asked.start_after));
  if (!asked.token.empty())
    out += element("ContinuationToken", asked.token);
  if (page.has_more && !page.items.empty())
    out += element("NextContinuationToken", page.items.back().key.text());
  out += element("KeyCount", std::to_string(page.items.size()));
  out += element("MaxKeys", std::to_string(asked.most));
  if (asked.is_encoded)
    out += element("EncodingType", "url");
  out += element("IsTruncated", page.has_more ? "true" : "false");
  for (const auto& item : page.items)
    out += "<Contents>" + element("Key", key_as(asked, item.key.text()))
           + element("LastModified", to_iso8601(item.modified_at))
           + element("ETag", "\"" + item.etag + "\"")
           + element("Size", std::to_string(item.size))
           + element("StorageClass", "STANDARD") + "</Contents>";
  return out + "</ListBucketResult>";
}

std::string upload_xml(const object_key& key, std::string_view upload_id) {
  std::string out{head};
  out.append("<InitiateMultipartUploadResult").append(space).append(">");
  out += element("Bucket", context_bucket) + element("Key", key.text())
         + element("UploadId", upload_id);
  return out + "</InitiateMultipartUploadResult>";
}

std::string completed_xml(const object_info& done, std::string_view location) {
  std::string out{head};
  out.append("<CompleteMultipartUploadResult").append(space).append(">");
  out += element("Location", location) + element("Bucket", context_bucket)
         + element("Key", done.key.text())
         + element("ETag", "\"" + done.etag + "\"");
  return out + "</CompleteMultipartUploadResult>";
}

} // namespace varve::gateway
