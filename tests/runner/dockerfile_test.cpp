#include <catch2/catch.hpp>

#include "runner/builder/dockerfile.hpp"

using varve::errc;
using varve::runner::images_in;

namespace {

using names = std::vector<std::string>;

names found(std::string_view text) {
  auto out = images_in(text);
  REQUIRE(out);
  return out.value();
}

std::string refused(std::string_view text) {
  auto out = images_in(text);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == errc::invalid);
  return out.error().detail;
}

} // namespace

TEST_CASE("a Dockerfile's images are those of its stages") {
  CHECK(found("FROM debian:12\nRUN true\n") == names{"debian:12"});
  CHECK(found("# of two\n\nfrom a:1 AS one\nFROM --platform=linux/amd64 b:2\n")
        == names{"a:1", "b:2"});
  CHECK(found("FROM a:1 AS one\nFROM One\nFROM scratch") == names{"a:1"});
  CHECK(found("FROM a:1\nFROM a:1") == names{"a:1"});
  CHECK(found("FROM \\\n  # why\n  a:1\n") == names{"a:1"});
}

TEST_CASE("images that only files are copied of are found") {
  CHECK(found("FROM a:1\nCOPY --from=b:2 /x /y") == names{"a:1", "b:2"});
  CHECK(found("FROM a:1 AS s\nFROM b:2\nCOPY --chown=1 --from=s /x /y\n"
              "COPY --from=0 /x /z")
        == names{"a:1", "b:2"});
  CHECK(found("FROM a:1\nRUN --mount=type=bind,from=c:3,target=/c ls")
        == names{"a:1", "c:3"});
  CHECK(found("FROM a:1\nRUN echo --from=b:2") == names{"a:1"});
}

TEST_CASE("arguments before the first stage are replaced by their defaults") {
  CHECK(found("ARG TAG=12\nFROM debian:$TAG") == names{"debian:12"});
  CHECK(found("ARG A=\"b:2\"\nFROM ${A}") == names{"b:2"});
  CHECK(found("ARG TAG\nFROM debian:${TAG:-11}") == names{"debian:11"});
}

TEST_CASE("what names no image is refused with the reason") {
  CHECK(refused("").find("no FROM") != std::string::npos);
  CHECK(refused("RUN true\nFROM a:1").find("begin with FROM")
        != std::string::npos);
  CHECK(refused("FROM").find("name an image") != std::string::npos);
  CHECK(refused("FROM a:1 b c").find("AS") != std::string::npos);
  CHECK(refused("FROM --x\n").find("name an image") != std::string::npos);
  CHECK(refused("FROM oci:/etc b").find("AS") != std::string::npos);
  CHECK(refused("FROM -a").find("no name of an image") != std::string::npos);
  CHECK(refused("FROM $NOTHING").find("no name") != std::string::npos);
}
