#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "runner/toolbox/files/multipart.hpp"

using namespace varve::toolbox::files;

namespace {

struct part {
  part_headers headers;
  std::string data;
  bool ended = false;
};

struct recorder final : part_sink {
  std::vector<part> parts;

  void begin_part(const part_headers& headers) override {
    parts.push_back({headers, {}, false});
  }
  void part_data(std::string_view bytes) override {
    REQUIRE_FALSE(parts.back().ended);
    REQUIRE_FALSE(bytes.empty());
    parts.back().data += bytes;
  }
  void end_part() override {
    REQUIRE_FALSE(parts.back().ended);
    parts.back().ended = true;
  }
};

struct outcome_of {
  bool ok = false;
  std::string error;
  std::vector<part> parts;
};

outcome_of parse(std::string_view body, std::size_t step,
                 std::string_view boundary = "B") {
  multipart_parser parser{boundary};
  recorder out;
  for (std::size_t i = 0; i < body.size(); i += step)
    parser.feed(body.substr(i, step), out);
  bool ok = parser.finish();
  return {ok, parser.error(), std::move(out.parts)};
}

std::string field(const std::string& name, const std::string& data) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n"
         + data + "\r\n";
}

} // namespace

TEST_CASE("a form is the same however its bytes are cut") {
  std::string tricky = "\r\n--\r\n-B\r\n--A\r\r\n--" + std::string(3, '\0');
  auto body = "preamble\r\n" + field("a", "1") + field("empty", "")
              + field("tricky", tricky) + "--B--\r\nepilogue --B";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    auto got = parse(body, step);
    CAPTURE(step, got.error);
    REQUIRE(got.ok);
    REQUIRE(got.parts.size() == 3);
    CHECK(got.parts[0].headers.name == "a");
    CHECK(got.parts[0].data == "1");
    CHECK(got.parts[1].data.empty());
    CHECK(got.parts[1].ended);
    CHECK(got.parts[2].data == tricky);
  }
}

TEST_CASE("a body that begins with its boundary has no preamble") {
  auto got = parse(field("x", "y") + "--B--", 7);
  REQUIRE(got.ok);
  CHECK(got.parts.at(0).data == "y");
}

TEST_CASE("part headers are read in any case and order") {
  auto got =
      parse("--B\r\ncontent-TYPE: text/plain\r\nX: y\r\n"
            "CONTENT-disposition: form-data; filename=\"a;\\\"b\\\\.txt\""
            "; name=f\r\n\r\nd\r\n--B--\r\n",
            1000);
  REQUIRE(got.ok);
  CHECK(got.parts.at(0).headers.name == "f");
  CHECK(got.parts.at(0).headers.filename == "a;\"b\\.txt");
  CHECK(got.parts.at(0).headers.content_type == "text/plain");
}

TEST_CASE("a part without headers is a part without a name") {
  auto got = parse("--B\r\n\r\ndata\r\n--B--", 3);
  REQUIRE(got.ok);
  CHECK(got.parts.at(0).headers.name.empty());
  CHECK(got.parts.at(0).data == "data");
}

TEST_CASE("malformed forms are refused and say why") {
  auto error_of = [](const std::string& body) {
    auto got = parse(body, 11);
    CHECK_FALSE(got.ok);
    return got.error;
  };
  CHECK(error_of("") == "the closing boundary is missing");
  CHECK(error_of(field("a", "1")) == "the closing boundary is missing");
  CHECK(error_of("--B\r\nX: y") == "the closing boundary is missing");
  CHECK(error_of("--Bx\r\n\r\n--B--") == "a boundary line is malformed");
  CHECK(error_of("--B\r\nX: " + std::string(20'000, 'y'))
        == "the headers of a part are too long");
  CHECK(error_of("--B\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n--B--")
        == "the headers of a part are too long");
  CHECK(error_of("--B" + std::string(20'000, ' '))
        == "a boundary line is too long");
}

TEST_CASE("a form of endlessly many parts is refused") {
  std::string body;
  for (std::size_t i = 0; i <= multipart_parser::part_limit; ++i)
    body += "--B\r\n\r\n\r\n";
  auto got = parse(body + "--B--", 65536);
  CHECK_FALSE(got.ok);
  CHECK(got.error == "too many parts");
}

TEST_CASE("nothing is taken after an error") {
  multipart_parser parser{"B"};
  recorder out;
  CHECK_FALSE(parser.feed("--B!\r\n", out));
  CHECK_FALSE(parser.feed(field("a", "1"), out));
  CHECK(out.parts.empty());
}

TEST_CASE("the boundary comes from the content type") {
  CHECK(boundary_of("multipart/form-data; boundary=abc") == "abc");
  CHECK(boundary_of("Multipart/Form-Data; charset=x; BOUNDARY=\"a b\"")
        == "a b");
  CHECK(boundary_of("multipart/form-data").empty());
  CHECK(boundary_of("multipart/form-data; boundary=").empty());
  CHECK(boundary_of("application/json; boundary=abc").empty());
  CHECK(boundary_of("multipart/form-data; boundary=" + std::string(201, 'x'))
            .empty());
  CHECK(boundary_of("").empty());
}

TEST_CASE("header parameters survive what clients write") {
  CHECK(header_parameter("form-data; name=\"a\"; filename=\"b\"", "filename")
        == "b");
  CHECK(header_parameter("form-data; flag; name = x ", "name") == "x");
  CHECK(header_parameter("form-data; name=\"C:\\dir\\f\"", "name")
        == "C:\\dir\\f");
  CHECK(header_parameter("form-data; name=\"open", "name") == "open");
  CHECK(header_parameter("form-data; name", "name").empty());
  CHECK(header_parameter(";;;", "name").empty());
  CHECK(header_parameter("", "name").empty());
}
