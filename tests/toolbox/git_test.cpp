#include <catch2/catch.hpp>
#include <git2.h>

#include "runner/toolbox/git/address.hpp"
#include "runner/toolbox/git/certificates.hpp"
#include "runner/toolbox/git/failure.hpp"
#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/history_time.hpp"
#include "runner/toolbox/git/paths.hpp"
#include "runner/toolbox/git/shallow.hpp"
#include "runner/toolbox/git/status.hpp"

namespace tb = varve::toolbox;
namespace git = varve::toolbox::git;

namespace {

const std::string id_a(40, 'a');
const std::string id_b(40, 'b');

} // namespace

TEST_CASE("an address leaves the login out of its URL") {
  auto a = git::parse_address("HTTPS://ada:p%40ss:x@Host.example:8443/a/b.git");
  REQUIRE(a);
  CHECK(a.value().url == "https://Host.example:8443/a/b.git");
  CHECK(a.value().host == "host.example:8443");
  CHECK(a.value().scheme == "https");
  REQUIRE(a.value().given);
  CHECK(a.value().given->user == "ada");
  CHECK(a.value().given->password == "p@ss:x");
  auto plain = git::parse_address("http://h/x");
  REQUIRE(plain);
  CHECK(!plain.value().given);
  auto path = git::parse_address("/srv/x.git");
  REQUIRE(path);
  CHECK(path.value().scheme.empty());
}

TEST_CASE("an address of what cannot be reached is refused") {
  for (const char* url : {"", "ssh://h/x", "git@h:x", "ext::sh", "ftp://h/x",
                          "https://", "https:///x", "http://h/\nx"}) {
    CAPTURE(url);
    auto a = git::parse_address(url);
    REQUIRE(!a);
    CHECK(a.error().status == 400);
  }
}

TEST_CASE("credentials are taken out of every text") {
  CHECK(git::without_credentials("no https://u:p@h/x nor http://t@g y")
        == "no https://***@h/x nor http://***@g y");
  CHECK(git::without_credentials("https://h/a@b x@y") == "https://h/a@b x@y");
  CHECK(git::without_credentials("'https://u:p/q@h' (https://u:a@b@c)")
        == "'https://u:p/q@h' (https://***@c)");
}

TEST_CASE("the credential store keeps one entry for a user of a host") {
  auto of = git::parse_address("https://github.com/x").value();
  CHECK(!git::find_login("", of));
  auto store = git::with_login("", "https", "github.com", {"ada", "a/b@c:%"});
  CHECK(store == "https://ada:a%2Fb%40c%3A%25@github.com\n");
  store = git::with_login(store, "https", "gitlab.com", {"ada", "other"});
  store = git::with_login(store, "https", "github.com", {"eve", "e"});
  store = git::with_login(store, "https", "github.com", {"ada", "new"});
  CHECK(store
        == "https://ada:new@github.com\nhttps://eve:e@github.com\n"
           "https://ada:other@gitlab.com\n");
  auto found = git::find_login(store, of);
  REQUIRE(found);
  CHECK(found->user == "ada");
  CHECK(found->password == "new");
  CHECK(!git::find_login(store,
                         git::parse_address("http://github.com/").value()));
  auto port = git::parse_address("http://h:8418/x").value();
  CHECK(git::find_login("junk\nhttp://u:p@h%3a8418\n", port));
}

TEST_CASE("failures have the codes that clients know") {
  auto check = [](int code, int category, const char* said, int status,
                  std::string_view name) {
    CAPTURE(code, category, said);
    auto p = git::problem_of(code, category, said);
    CHECK(p.status == status);
    CHECK(p.code == name);
  };
  auto http = [&](const char* number, int status, std::string_view name) {
    auto said = std::string{"unexpected http status code: "} + number;
    check(-1, GIT_ERROR_HTTP, said.c_str(), status, name);
  };
  http("401", 401, "GIT_AUTH_FAILED");
  http("403", 403, "FORBIDDEN");
  http("404", 404, "GIT_REPO_NOT_FOUND");
  http("500", 502, "GIT_TRANSPORT_FAILED");
  check(GIT_EAUTH, GIT_ERROR_HTTP, "x", 401, "GIT_AUTH_FAILED");
  check(GIT_ECERTIFICATE, GIT_ERROR_SSL, "x", 502, "GIT_TRANSPORT_FAILED");
  check(-1, GIT_ERROR_OS, "failed to connect to h: x", 502,
        "GIT_TRANSPORT_FAILED");
  check(-1, GIT_ERROR_OS, "could not open: Permission denied", 403,
        "FORBIDDEN");
  check(-1, GIT_ERROR_OS, "write: No space left on device", 507,
        "INSUFFICIENT_STORAGE");
  check(GIT_ENOTFOUND, GIT_ERROR_REPOSITORY, "x", 404, "GIT_REPO_NOT_FOUND");
  check(GIT_ENOTFOUND, GIT_ERROR_REFERENCE, "x", 404, "GIT_BRANCH_NOT_FOUND");
  check(GIT_ENOTFOUND, GIT_ERROR_ODB, "x", 404, "NOT_FOUND");
  check(GIT_ENONFASTFORWARD, GIT_ERROR_REFERENCE, "x", 409,
        "GIT_PUSH_REJECTED");
  check(GIT_ECONFLICT, GIT_ERROR_CHECKOUT, "x", 409, "GIT_DIRTY_WORKTREE");
  check(GIT_EUNMERGED, GIT_ERROR_MERGE, "x", 409, "GIT_MERGE_CONFLICT");
  check(-1, GIT_ERROR_CHECKOUT, "cannot checkout to invalid path '.git/x'", 422,
        "UNPROCESSABLE_ENTITY");
  check(-1, GIT_ERROR_ODB, "x", 500, "INTERNAL_SERVER_ERROR");
  auto p = git::problem_of(-1, GIT_ERROR_NET, "bad https://u:secret@h/");
  CHECK(p.message.find("secret") == std::string::npos);
}

TEST_CASE("what a body lacks is named") {
  auto none = git::fields::parse("[]");
  REQUIRE(!none);
  CHECK(none.error().code == "INVALID_REQUEST_BODY");
  auto body = git::fields::parse(
      R"({"a":"","b":7,"c":["x"],"d":[""],"e":true,"f":null,"n":3.0,
          "username":"u","password":""})");
  REQUIRE(body);
  const auto& f = body.value();
  CHECK(f.required("a").error().message.find("a is required")
        != std::string::npos);
  CHECK(f.required("none").error().code == "INVALID_REQUEST_BODY");
  CHECK(f.text("b").error().code == "INVALID_REQUEST_BODY");
  CHECK(f.text("f", "default").value() == "default");
  CHECK(f.list("c").value().size() == 1);
  CHECK(!f.list("d"));
  CHECK(!f.required_list("f"));
  CHECK(f.flag("e").value());
  CHECK(!f.flag("f").value());
  CHECK(!f.flag("c"));
  CHECK(f.number("n", 10).value() == 3);
  CHECK(f.has("a"));
  CHECK(!f.has("f"));
  CHECK(!f.credentials().value());
}

TEST_CASE("a path lies within the repository") {
  auto within = [](const char* path) {
    return git::path_within("/top/r/", path);
  };
  CHECK(within("a").value() == "a");
  CHECK(within("./a//b/").value() == "a/b");
  CHECK(within(".").value().empty());
  CHECK(within("/top/r").value().empty());
  CHECK(within("/top/r/a").value() == "a");
  CHECK(!within("../x"));
  CHECK(!within("a/../../x"));
  CHECK(!within("/top/rest"));
  CHECK(!within("/etc/passwd"));
}

TEST_CASE("a request for a shallow clone names depth and boundary") {
  std::string wants = "0009want\n0000";
  CHECK(git::with_depth(wants + "0009done\n", {}, 3)
        == "0009want\n000ddeepen 3\n0000"
           "0009done\n");
  CHECK(git::with_depth(wants, {id_a}, 0)
        == "0009want\n0035shallow " + id_a + "\n0000");
  CHECK(git::with_depth("", {}, 0).empty());
  CHECK(git::with_depth("zz", {}, 0) == "zz");
}

TEST_CASE("an answer's boundary is kept and not passed on") {
  auto answer = "0034shallow " + id_a + "0036unshallow " + id_b
                + "0000"
                  "0008NAK\nPACK";
  for (std::size_t size : {std::size_t{1}, std::size_t{7}, answer.size()}) {
    git::boundary b{id_b};
    git::depth_answer filter{b};
    std::string out;
    for (std::size_t at = 0; at < answer.size(); at += size)
      out += filter.take(std::string_view{answer}.substr(at, size));
    CHECK(out == "0008NAK\nPACK");
    CHECK(b == git::boundary{id_a});
  }
}

TEST_CASE("an answer that tells no boundary is passed on as it is") {
  for (std::string answer : {"0008NAK\nPACK", "000eERR no way", "junk", "00",
                             "0034shallow short", "0001x", "ffffshallow "}) {
    CAPTURE(answer);
    git::boundary b;
    git::depth_answer filter{b};
    auto out = filter.take(answer);
    // What may be the start of a packet waits for the rest of it.
    CHECK((out == answer || out.empty()));
    CHECK(b.empty());
  }
  git::boundary b;
  git::depth_answer filter{b};
  CHECK(filter.take("0008NAK\nPACK") == "0008NAK\nPACK");
  CHECK(filter.take("more") == "more");
}

TEST_CASE("the file of a boundary holds ids and nothing else") {
  CHECK(git::parse_boundary(id_a + "\nnone\n\n" + id_b)
        == git::boundary{id_a, id_b});
}

TEST_CASE("states of files have the words of clients") {
  auto words = [](unsigned flags) {
    auto w = git::words_of(flags);
    return std::string{w.staging} + "/" + w.worktree;
  };
  CHECK(words(GIT_STATUS_WT_NEW) == "Untracked/Untracked");
  CHECK(words(GIT_STATUS_INDEX_NEW) == "Added/Unmodified");
  CHECK(words(GIT_STATUS_INDEX_NEW | GIT_STATUS_WT_MODIFIED)
        == "Added/Modified");
  CHECK(words(GIT_STATUS_WT_DELETED) == "Unmodified/Deleted");
  CHECK(words(GIT_STATUS_INDEX_DELETED | GIT_STATUS_WT_NEW)
        == "Deleted/Untracked");
  CHECK(words(GIT_STATUS_INDEX_RENAMED) == "Renamed/Unmodified");
  CHECK(words(GIT_STATUS_INDEX_TYPECHANGE) == "Modified/Unmodified");
  CHECK(words(GIT_STATUS_CONFLICTED)
        == "Updated but unmerged/Updated but unmerged");
}

TEST_CASE("times of commits keep the author's zone") {
  CHECK(git::commit_time(0, 0) == "1970-01-01T00:00:00Z");
  CHECK(git::commit_time(1700000000, 120) == "2023-11-15T00:13:20+02:00");
  CHECK(git::commit_time(1700000000, -570) == "2023-11-14T12:43:20-09:30");
  CHECK(git::commit_time(INT64_MAX / 2, 0) == "1970-01-01T00:00:00Z");
}

TEST_CASE("the built-in bundle holds certificates") {
  auto text = git::built_in_certificates();
  CHECK(text.size() > 100'000);
  CHECK(text.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos);
}
