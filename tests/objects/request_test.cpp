// What requests ask for, and the XML around it.
#include "gateway/objects/object_request.hpp"
#include "gateway/objects/object_xml.hpp"
#include "tests/objects/object_world.hpp"

using namespace varve;
using namespace varve::gateway;
using namespace varve::test;

namespace {

request asked(std::string method, std::string path, std::string query = {},
              header_list more = {}) {
  request r;
  r.method = std::move(method);
  r.path = std::move(path);
  r.query = std::move(query);
  r.headers = std::move(more);
  if (!r.headers.find("Host"))
    r.headers.add("Host", "127.0.0.1:3986");
  return r;
}

header_list field(std::string name, std::string value) {
  header_list out;
  out.add(std::move(name), std::move(value));
  return out;
}

std::string code(const request& r) {
  return code_of(object_request_of(r));
}

constexpr const char* object = "/varve-contexts/org/h1/context.tar";

} // namespace

TEST_CASE("the bucket is in the path or before the host's name") {
  CHECK(is_object_request(asked("GET", "/varve-contexts")));
  CHECK(is_object_request(asked("GET", "/varve-contexts/")));
  CHECK(is_object_request(asked("GET", object)));
  CHECK_FALSE(is_object_request(asked("GET", "/varve-contexts2/a")));
  CHECK_FALSE(is_object_request(asked("GET", "/api/varve-contexts/a")));
  auto r = asked("PUT", "/org/h1/context.tar", "",
                 field("Host", "varve-contexts.example.com"));
  CHECK(is_object_request(r));
  auto got = object_request_of(r);
  REQUIRE(got);
  CHECK(got.value().what == object_call::put);
  CHECK(got.value().key->text() == "org/h1/context.tar");
  CHECK_FALSE(is_object_request(
      asked("PUT", "/x", "", field("Host", "varve-contextsexample.com"))));
}

TEST_CASE("calls are told apart") {
  auto call = [](std::string method, std::string path, std::string query) {
    auto got = object_request_of(
        asked(std::move(method), std::move(path), std::move(query)));
    INFO((got ? "" : got.error().message));
    REQUIRE(got);
    return got.value().what;
  };
  CHECK(call("HEAD", "/varve-contexts", "") == object_call::head_bucket);
  CHECK(call("GET", "/varve-contexts/", "list-type=2") == object_call::list);
  CHECK(call("GET", object, "x-id=GetObject") == object_call::get);
  CHECK(call("HEAD", object, "") == object_call::head);
  CHECK(call("PUT", object, "x-id=PutObject") == object_call::put);
  CHECK(call("POST", object, "uploads=") == object_call::begin_upload);
  CHECK(call("POST", object, "uploads") == object_call::begin_upload);
  CHECK(call("PUT", object, "partNumber=7&uploadId=u")
        == object_call::put_part);
  CHECK(call("POST", object, "uploadId=u") == object_call::complete_upload);
  CHECK(call("DELETE", object, "uploadId=u") == object_call::abort_upload);
}

TEST_CASE("nothing that is asked for is left out in silence") {
  CHECK(code(asked("GET", object, "versionId=1")) == "NotImplemented");
  CHECK(code(asked("GET", object, "acl")) == "NotImplemented");
  CHECK(code(asked("GET", object, "uploadId=u")) == "NotImplemented");
  CHECK(code(asked("GET", "/varve-contexts", "list-type=2&delimiter=/"))
        == "NotImplemented");
  CHECK(code(asked("GET", "/varve-contexts", "")) == "NotImplemented");
  CHECK(code(asked("GET", "/varve-contexts", "list-type=2&max-keys=x"))
        == "InvalidArgument");
  for (const auto* name : {"x-amz-acl", "x-amz-copy-source", "x-amz-meta-a",
                           "x-amz-server-side-encryption", "If-Match"})
    CHECK(code(asked("PUT", object, "", field(name, "a"))) == "NotImplemented");
  CHECK(code(asked("GET", object, "", field("If-None-Match", "\"a\"")))
        == "NotImplemented");
  CHECK(code(asked("PUT", object, "", field("If-None-Match", "*"))) == "none");
  CHECK(code(asked("PUT", object, "", field("Content-Encoding", "gzip")))
        == "NotImplemented");
  CHECK(code(asked("PUT", object, "partNumber=1")) == "MethodNotAllowed");
  CHECK(code(asked("PUT", object, "partNumber=0&uploadId=u"))
        == "InvalidArgument");
  CHECK(code(asked("DELETE", object)) == "AccessDenied");
  CHECK(code(asked("PUT", "/varve-contexts")) == "MethodNotAllowed");
  for (const auto* path :
       {"/varve-contexts/a", "/varve-contexts/a/b", "/varve-contexts/a/b/",
        "/varve-contexts/a/../c", "/varve-contexts/a/b/c/d",
        "/varve-contexts/a/b/.c", "/varve-contexts/a/b/c%20d"})
    CHECK(code(asked("PUT", path)) == "InvalidArgument");
  CHECK(code(asked("PUT", "/varve-contexts/a/b/%zz")) == "InvalidURI");
}

TEST_CASE("credentials reach below their organization only") {
  auto scope = [](const request& r) {
    auto got = object_request_of(r);
    REQUIRE(got);
    return code_of(check_scope(got.value(), "org"));
  };
  auto list = [&](const std::string& prefix) {
    return scope(
        asked("GET", "/varve-contexts", "list-type=2&prefix=" + prefix));
  };
  CHECK(scope(asked("GET", object)) == "none");
  CHECK(scope(asked("GET", "/varve-contexts/org2/h1/f")) == "AccessDenied");
  CHECK(list("org/h1/") == "none");
  CHECK(list("org") == "none");
  CHECK(list("org2") == "AccessDenied");
  CHECK(list("or") == "AccessDenied");
  CHECK(list("") == "AccessDenied");
}

TEST_CASE("a body must say how long it is and what it is checked by") {
  auto code_for = [](header_list fields, std::optional<std::uint64_t> length,
                     payload form = payload::unsigned_whole) {
    auto r = asked("PUT", object, "", std::move(fields));
    return code_of(body_checks_of(r, form, "", length, 100));
  };
  CHECK(code_for({}, 5) == "none");
  CHECK(code_for({}, std::nullopt) == "MissingContentLength");
  CHECK(code_for({}, 101) == "EntityTooLarge");
  CHECK(code_for({}, 5, payload::signed_chunks) == "MissingContentLength");
  CHECK(code_for(field("x-amz-decoded-content-length", "5"), 90,
                 payload::signed_chunks)
        == "none");
  CHECK(code_for(field("x-amz-decoded-content-length", "5"), 90,
                 payload::unsigned_trailer)
        == "InvalidRequest");
  CHECK(code_for(field("Content-MD5", "AAE="), 5) == "InvalidDigest");
  CHECK(code_for(field("x-amz-checksum-crc32", "AAE="), 5) == "InvalidRequest");
  CHECK(code_for(field("x-amz-sdk-checksum-algorithm", "CRC32"), 5)
        == "InvalidRequest");
  CHECK(code_for(field("x-amz-trailer", "x-amz-checksum-crc32"), 5)
        == "InvalidRequest");
}

TEST_CASE("a range is of one part") {
  auto range = [](std::string_view text, std::uint64_t size) {
    auto got = range_of(text, size);
    if (!got)
      return std::string{got.error().code};
    if (!got.value())
      return std::string{"all"};
    return std::to_string(got.value()->first) + "+"
           + std::to_string(got.value()->length);
  };
  CHECK(range("bytes=0-9", 100) == "0+10");
  CHECK(range("bytes=90-200", 100) == "90+10");
  CHECK(range("bytes=5-", 100) == "5+95");
  CHECK(range("bytes=-3", 100) == "97+3");
  CHECK(range("bytes=-300", 100) == "0+100");
  CHECK(range("bytes=100-", 100) == "InvalidRange");
  CHECK(range("bytes=-0", 100) == "InvalidRange");
  CHECK(range("bytes=0-0", 0) == "InvalidRange");
  for (const auto* text : {"bytes=1-2,4-5", "bytes=9-8", "bytes=a-b", "items"})
    CHECK(range(text, 100) == "all");
}

TEST_CASE("a list of parts is read strictly") {
  auto parts = [](std::string_view xml) {
    auto got = parse_parts(xml);
    if (!got)
      return std::string{got.error().code};
    std::string out;
    for (const auto& p : got.value())
      out += std::to_string(p.number) + ":" + p.etag
             + (p.kind ? "+" + std::string{name_of(*p.kind)} : "") + " ";
    return out;
  };
  CHECK(parts("<?xml version=\"1.0\"?>\n<CompleteMultipartUpload "
              "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n <Part>"
              "<ETag>&quot;a-1&quot;</ETag><PartNumber>1</PartNumber></Part>"
              "<Part><PartNumber>2</PartNumber><ETag>b</ETag>"
              "<ChecksumCRC32>NhCmhg==</ChecksumCRC32></Part>"
              "</CompleteMultipartUpload>\n")
        == "1:a-1 2:b+CRC32 ");
  auto around = [&](const std::string& inner) {
    return parts("<CompleteMultipartUpload>" + inner
                 + "</CompleteMultipartUpload>");
  };
  for (const auto* inner :
       {"", "<Part></Part>", "<Part><PartNumber>1</PartNumber></Part>",
        "<Part><PartNumber>0</PartNumber><ETag>a</ETag></Part>",
        "<Part><PartNumber>1</PartNumber><ETag>a</ETag><Other>b</Other></Part>",
        "<Part><PartNumber>1</PartNumber><ETag>&lol;</ETag></Part>",
        "<Part><PartNumber>1<ETag>a</ETag></PartNumber></Part>", "text",
        "<!-- a --><Part/>"})
    CHECK(around(inner) == "MalformedXML");
  CHECK(parts("") == "MalformedXML");
  CHECK(parts("<!DOCTYPE a><CompleteMultipartUpload>") == "MalformedXML");
}

TEST_CASE("a list says what there is and where to go on") {
  list_call call;
  call.prefix = "org/a b";
  call.most = 1;
  call.is_encoded = true;
  object_page page;
  page.items.push_back({{"org", "h1", "f"}, 7, 0, "e-1"});
  page.has_more = true;
  auto xml = list_xml(call, page);
  for (const auto* part :
       {"<Prefix>org/a%20b</Prefix>", "<Key>org/h1/f</Key>", "<Size>7</Size>",
        "<ETag>&quot;e-1&quot;</ETag>", "<IsTruncated>true</IsTruncated>",
        "<NextContinuationToken>org/h1/f</NextContinuationToken>",
        "<LastModified>1970-01-01T00:00:00.000Z</LastModified>",
        "<KeyCount>1</KeyCount>", "<EncodingType>url</EncodingType>"})
    CHECK(xml.find(part) != std::string::npos);
  auto error = error_xml({404, "NoSuchKey", "a < b"}, "/x&y", "id");
  CHECK(error.find("<Code>NoSuchKey</Code><Message>a &lt; b</Message>"
                   "<Resource>/x&amp;y</Resource>")
        != std::string::npos);
}
