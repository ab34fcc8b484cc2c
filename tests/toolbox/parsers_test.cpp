#include <catch2/catch.hpp>

#include "runner/toolbox/accounts.hpp"
#include "runner/toolbox/files/byte_range.hpp"
#include "runner/toolbox/files/disposition.hpp"
#include "runner/toolbox/files/file_info.hpp"
#include "runner/toolbox/files/glob.hpp"
#include "runner/toolbox/files/line_scanner.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/request.hpp"

using namespace varve::toolbox;

TEST_CASE("passwd lines are read and malformed ones left out") {
  auto users = parse_passwd("root:x:0:0:root:/root:/bin/bash\n"
                            "\n"
                            "# comment\n"
                            "short:x:1:1\n"
                            "nan:x:abc:1::/:/bin/sh\n"
                            "huge:x:4294967295:1::/:/bin/sh\n"
                            "neg:x:-1:1::/:/bin/sh\n"
                            ":x:5:5::/:/bin/sh\n"
                            "u:x:1000:1001:A,B:/home/u:");
  REQUIRE(users.size() == 2);
  CHECK(users[0].name == "root");
  CHECK(users[0].shell == "/bin/bash");
  CHECK(users[1].uid == 1000);
  CHECK(users[1].gid == 1001);
  CHECK(users[1].home == "/home/u");
  CHECK(users[1].shell.empty());
}

TEST_CASE("group lines are read with their members") {
  auto groups = parse_group("a:x:1:\nb:x:2:u\nc:x:3:u,v,\nbad\nd:x:z:u\n");
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].members.empty());
  CHECK(groups[2].members == std::vector<std::string>{"u", "v"});
}

TEST_CASE("an identity is found by name, number and group") {
  auto users = parse_passwd("root:x:0:0::/root:/bin/sh\n"
                            "u:x:1000:100::/home/u:/bin/bash\n"
                            "odd:x:7:7::relative:\n");
  auto groups = parse_group("g:x:50:u\nh:x:100:u,odd\n");
  auto find = [&](std::string_view wanted) {
    return find_identity(wanted, users, groups);
  };
  auto u = find("u");
  CHECK(u.uid == 1000);
  CHECK(u.gid == 100);
  CHECK(u.home == "/home/u");
  CHECK(u.groups == std::vector<gid_t>{100, 50});
  CHECK(find("1000").name == "u");
  CHECK(find("u:g").gid == 50);
  CHECK(find("u:50").groups == std::vector<gid_t>{50, 100});
  CHECK(find("odd").home == "/");
  CHECK(find("").name == "root");
  CHECK(find("4321").uid == 4321);
  CHECK(find("4321").note.empty());
  CHECK(find("4321:60").gid == 60);
  auto missing = find("nobody-here");
  CHECK(missing.uid == 0);
  CHECK(missing.home == "/root");
  CHECK(missing.note.find("nobody-here") != std::string::npos);
  CHECK(find("u:nogroup").note.find("nogroup") != std::string::npos);
  CHECK(find_identity("u", {}, {}).uid == 0);
}

TEST_CASE("request targets are split and decoded") {
  request rq;
  REQUIRE(parse_target("/a%20b/c+d/?x=1+2&y=%2F&x=3&flag&=v&", rq));
  CHECK(rq.path == "/a b/c+d");
  CHECK(query_value(rq, "x") == "1 2");
  CHECK(query_value(rq, "y") == "/");
  CHECK(query_value(rq, "flag") == "");
  CHECK(query_value(rq, "z") == std::nullopt);
  CHECK(rq.query.size() == 5);
  REQUIRE(parse_target("/", rq));
  CHECK(rq.path == "/");
  CHECK(rq.query.empty());
  for (const char* bad : {"", "a", "*", "http://x/y", "/%", "/%4", "/%zz",
                          "/%00", "/?a=%", "/?%00=1"})
    CHECK_FALSE(parse_target(bad, rq));
  CHECK_FALSE(parse_target({"/a\0b", 4}, rq));
  CHECK_FALSE(parse_target({"/a?x=\0", 6}, rq));
}

TEST_CASE("response heads frame their bodies") {
  CHECK(response_head(200, "text/plain", {{"A", "b"}}, 5, true)
        == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nA: b\r\n"
           "Content-Length: 5\r\n\r\n");
  CHECK(response_head(204, "", {}, 0, false)
        == "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  CHECK(response_head(404, "", {}, std::nullopt, true)
        == "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("any bytes become a JSON string") {
  CHECK(json_string("a\"b\\c\n\r\t\x01\x1f/")
        == "\"a\\\"b\\\\c\\n\\r\\t"
           "\\u0001\\u001f/\"");
  CHECK(json_string("é日😀") == "\"é日😀\"");
  const std::string bad = "\xef\xbf\xbd";
  CHECK(json_string("\xff") == "\"" + bad + "\"");
  CHECK(json_string("a\xc3") == "\"a" + bad + "\"");
  CHECK(json_string("\xc3(") == "\"" + bad + "(\"");
  CHECK(json_string("\xc0\xaf") == "\"" + bad + bad + "\"");
  CHECK(json_string("\xed\xa0\x80") == "\"" + bad + bad + bad + "\"");
  CHECK(json_string("\xf4\x90\x80\x80") == "\"" + bad + bad + bad + bad + "\"");
  CHECK(json_string("\xe6\x97\xe6\x97\xa5") == "\"" + bad + "日\"");
}

TEST_CASE("a text cut anywhere is escaped the same") {
  std::string text = "é日😀\n\xe6\x97x\xf0\x9f\x98";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    json_escaper escaper;
    std::string out;
    escaper.append(text.substr(0, cut), out);
    escaper.append(text.substr(cut), out);
    escaper.finish(out);
    CHECK("\"" + out + "\"" == json_string(text));
  }
}

TEST_CASE("ranges are those of the standard") {
  using namespace files;
  auto part = [](std::string_view header, std::uint64_t size) {
    auto r = parse_range(header, size);
    REQUIRE(r.kind == range_kind::part);
    return std::make_pair(r.first, r.length);
  };
  CHECK(part("bytes=0-0", 10) == std::make_pair(0ul, 1ul));
  CHECK(part("bytes=2-5", 10) == std::make_pair(2ul, 4ul));
  CHECK(part("bytes=5-", 10) == std::make_pair(5ul, 5ul));
  CHECK(part("bytes=-4", 10) == std::make_pair(6ul, 4ul));
  CHECK(part("bytes=-40", 10) == std::make_pair(0ul, 10ul));
  CHECK(part("bytes=9-99", 10) == std::make_pair(9ul, 1ul));
  for (auto header : {"", "bytes", "bytes=", "bytes=a-b", "bytes=5-2",
                      "bytes=1-2,3-4", "items=0-1", "bytes=--1",
                      "bytes=99999999999999999999-", "bytes=1-2x"}) {
    CAPTURE(header);
    CHECK(parse_range(header, 10).kind == range_kind::whole);
    CHECK(parse_range(header, 10).length == 10);
  }
  for (auto [header, size] :
       {std::pair{"bytes=10-", 10ul}, std::pair{"bytes=0-", 0ul},
        std::pair{"bytes=-0", 10ul}, std::pair{"bytes=-5", 0ul}})
    CHECK(parse_range(header, size).kind == range_kind::unsatisfiable);
}

TEST_CASE("shell patterns match whole names") {
  auto match = [](std::string_view pattern, std::string_view name) {
    auto parsed = files::glob::parse(pattern);
    REQUIRE(parsed);
    return parsed->matches(name);
  };
  CHECK(match("*.txt", "a.txt"));
  CHECK(match("*", ""));
  CHECK(match("", ""));
  CHECK_FALSE(match("", "a"));
  CHECK_FALSE(match("*.txt", "a.txt2"));
  CHECK(match("a*b*c", "aXbYbZc"));
  CHECK_FALSE(match("a*b*c", "aXbYbZ"));
  CHECK(match("?", "é"));
  CHECK_FALSE(match("?", "ab"));
  CHECK(match("[a-c]x", "bx"));
  CHECK_FALSE(match("[^a-c]x", "bx"));
  CHECK(match("[é日]", "日"));
  CHECK(match("[\\]\\-]", "]"));
  CHECK(match("\\*", "*"));
  CHECK_FALSE(match("\\*", "x"));
  CHECK_FALSE(match("*", "a/b"));
  CHECK(match("*\xff*", "x\xffy"));
  CHECK(match("**a", "ba"));
  for (auto bad :
       {"[", "[a", "[]", "[^]", "[a-", "[b-a]", "\\", "a[", "[-]", "[\\"}) {
    CAPTURE(bad);
    CHECK_FALSE(files::glob::parse(bad));
  }
}

TEST_CASE("a pattern of many stars is not slow") {
  std::string pattern;
  for (int i = 0; i < 50; ++i)
    pattern += "*a";
  CHECK_FALSE(
      files::glob::parse(pattern + "b")->matches(std::string(5000, 'a')));
}

TEST_CASE("lines are numbered and cut the same in any pieces") {
  std::string text = "one\r\n\ntwo\nlast";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    std::vector<std::string> lines;
    files::line_scanner scanner{[&](std::uint64_t n, std::string_view line) {
      lines.push_back(std::to_string(n) + ":" + std::string{line});
      return true;
    }};
    for (std::size_t i = 0; i < text.size(); i += step)
      CHECK(scanner.feed(std::string_view{text}.substr(i, step)));
    scanner.finish();
    CHECK(lines == std::vector<std::string>{"1:one", "2:", "3:two", "4:last"});
  }
}

TEST_CASE("scanning stops at binaries, long lines and on request") {
  auto count = [](const std::string& text, std::size_t step, int wanted) {
    int seen = 0;
    files::line_scanner scanner{
        [&](std::uint64_t, std::string_view) { return ++seen < wanted; }};
    for (std::size_t i = 0; i < text.size(); i += step)
      if (!scanner.feed(std::string_view{text}.substr(i, step)))
        return seen;
    scanner.finish();
    return seen;
  };
  CHECK(count(std::string("a\nb\0c\n", 6), 100, 9) == 0);
  std::string late = std::string(600, 'x') + "\n" + std::string("\0\n", 2);
  CHECK(count(late, 10'000, 9) == 2);
  auto long_line = "a\n" + std::string(70'000, 'x') + "\nb\n";
  CHECK(count(long_line, 1 << 20, 9) == 1);
  CHECK(count(long_line, 1000, 9) == 1);
  CHECK(count("a\n" + std::string(65'536, 'x') + "\nb\n", 1000, 9) == 3);
  CHECK(count("a\nb\nc\n", 100, 2) == 2);
}

TEST_CASE("names of any bytes go into a disposition") {
  using files::disposition;
  CHECK(disposition("attachment", "a b.txt")
        == "attachment; filename=\"a b.txt\"; filename*=utf-8''a%20b.txt");
  CHECK(disposition("x", "q\"b\\c\r\n\td")
        == "x; filename=\"q\\\"b\\\\c_d\"; "
           "filename*=utf-8''q%22b%5Cc%0D%0A%09d");
  CHECK(disposition("x", "é日")
        == "x; filename=\"\xe9_\"; filename*=utf-8''%C3%A9%E6%97%A5");
  CHECK(disposition("x", "\xff")
        == "x; filename=\"\xff\"; filename*=utf-8''%FF");
}

TEST_CASE("modes and times are written as clients know them") {
  using namespace files;
  CHECK(mode_text(S_IFREG | 0644) == "-rw-r--r--");
  CHECK(mode_text(S_IFDIR | 01777) == "dtrwxrwxrwx");
  CHECK(mode_text(S_IFLNK | 0777) == "Lrwxrwxrwx");
  CHECK(mode_text(S_IFCHR | 0600) == "Dcrw-------");
  CHECK(mode_text(S_IFBLK | 0600) == "Drw-------");
  CHECK(mode_text(S_IFSOCK | 0) == "S---------");
  CHECK(mode_text(S_IFREG | 06755) == "ugrwxr-xr-x");
  CHECK(verbose_time({0, 0}) == "1970-01-01 00:00:00 +0000 UTC");
  CHECK(verbose_time({1767323045, 120000000})
        == "2026-01-02 03:04:05.12 +0000 UTC");
  CHECK(verbose_time({0, 1}) == "1970-01-01 00:00:00.000000001 +0000 UTC");
  CHECK(rfc3339_time({1767323045, 5}) == "2026-01-02T03:04:05Z");
}
