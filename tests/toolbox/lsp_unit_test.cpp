#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "runner/toolbox/lsp/documents.hpp"
#include "runner/toolbox/lsp/frame_parser.hpp"
#include "runner/toolbox/lsp/languages.hpp"
#include "runner/toolbox/lsp/lsp_requests.hpp"
#include "runner/toolbox/lsp/lsp_results.hpp"

using namespace varve::toolbox;

namespace {

constexpr std::size_t limit = 1000;

struct taken {
  std::vector<std::string> messages;
  std::string trouble;
};

// Fed in parts of that size.
taken take_apart(std::string_view bytes, std::size_t part) {
  taken out;
  frame_parser parser{limit};
  while (!bytes.empty()) {
    bool ok = parser.feed(bytes.substr(0, part), [&](std::string_view one) {
      out.messages.emplace_back(one);
    });
    bytes.remove_prefix(std::min(part, bytes.size()));
    CHECK(ok == parser.trouble().empty());
  }
  out.trouble = parser.trouble();
  return out;
}

boost::json::value parsed(std::string_view text) {
  return boost::json::parse({text.data(), text.size()});
}

std::string symbols(std::string_view text, std::string_view query = {}) {
  symbol_list out;
  out.add(parsed(text), "file:///x", query);
  return out.json();
}

} // namespace

TEST_CASE("messages are found however the stream is cut") {
  auto stream = frame("{}") + frame("")
                + "content-length:\t3 \r\nContent-Type: x; charset=utf8\r\n"
                  "\r\nabc"
                + frame(std::string(limit, 'x'));
  for (std::size_t part : {1, 2, 7, 64, 100000}) {
    auto found = take_apart(stream, part);
    CHECK(found.trouble.empty());
    CHECK(
        found.messages
        == std::vector<std::string>{"{}", "", "abc", std::string(limit, 'x')});
  }
}

TEST_CASE("a stream that makes no sense is refused and stays refused") {
  for (std::string stream :
       {"hello\r\n\r\n", "\r\n", "Content-Length 3\r\n\r\nabc",
        "Content-Length: \r\n\r\n", "Content-Length: -1\r\n\r\n",
        "Content-Length: 3x\r\n\r\nabc", "Content-Length: +3\r\n\r\nabc",
        "Content-Length: 3\n\nabc", "Content-Type: x\r\n\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "Content-Length: 1001\r\n\r\n",
        "Content-Length: 99999999999999999999999\r\n\r\n"}) {
    auto found = take_apart(stream + frame("later"), 5);
    INFO(stream);
    CHECK(found.messages.empty());
    CHECK(!found.trouble.empty());
  }
  auto endless =
      take_apart(std::string(frame_parser::header_limit + 1, 'x'), 9);
  CHECK(endless.trouble.find("header") != std::string::npos);
}

TEST_CASE("what came before the nonsense was taken") {
  auto found = take_apart(frame("one") + "oops\r\n", 3);
  CHECK(found.messages == std::vector<std::string>{"one"});
  CHECK(!found.trouble.empty());
}

TEST_CASE("symbols are flat, whole and of the names asked for") {
  CHECK(symbols("null") == "[]");
  CHECK(symbols("{}") == "[]");
  CHECK(symbols("[1,{},{\"name\":2}]") == "[]");
  CHECK(symbols(R"([{"name":"A","kind":5,"location":{"uri":"file:///y",)"
                R"("range":{"start":{"line":1,"character":2},)"
                R"("end":{"line":3,"character":4}}},"containerName":"c"}])")
        == R"([{"name":"A","kind":5,"location":{"uri":"file:///y","range":)"
           R"({"start":{"line":1,"character":2},"end":{"line":3,)"
           R"("character":4}}}}])");
  auto nested = R"([{"name":"Outer","kind":5,"range":{"start":{"line":1,)"
                R"("character":0}},"children":[{"name":"inner","kind":6}]}])";
  CHECK(symbols(nested, "INNER")
        == R"([{"name":"inner","kind":6,"location":{"uri":"file:///x",)"
           R"("range":{"start":{"line":0,"character":0},"end":{"line":0,)"
           R"("character":0}}}}])");
  CHECK(symbols(nested).find("\"line\":1") != std::string::npos);
}

TEST_CASE("symbols outside the project are left out") {
  auto two = parsed(R"([{"name":"a","location":{"uri":"file:///p/a"}},)"
                    R"({"name":"b","location":{"uri":"file:///lib/b"}}])");
  symbol_list out{{"file:///p"}};
  out.add(two, "file:///p");
  CHECK(out.json().find("\"a\"") != std::string::npos);
  CHECK(out.json().find("\"b\"") == std::string::npos);
}

TEST_CASE("a list of symbols is bounded") {
  boost::json::array many(symbol_list::most,
                          parsed(R"({"name":"n","kind":1})"));
  symbol_list out;
  out.add(many, "file:///x");
  CHECK(!out.is_overfull());
  out.add(parsed(R"([{"name":"n"}])"), "file:///x");
  CHECK(out.is_overfull());
  auto text = out.json();
  std::size_t names = 0;
  for (auto at = text.find("name"); at != std::string::npos;
       at = text.find("name", at + 1))
    ++names;
  CHECK(names == symbol_list::most);
}

TEST_CASE("completions are a list of known members") {
  constexpr auto none = R"({"isIncomplete":false,"items":[]})";
  CHECK(completions_json(parsed("null")) == none);
  CHECK(completions_json(parsed("{\"items\":null}")) == none);
  CHECK(completions_json(parsed("[{\"kind\":1}, 5]")) == none);
  CHECK(completions_json(parsed(
            R"({"isIncomplete":true,"items":[{"label":"l","kind":3,)"
            R"("detail":"d","documentation":{"kind":"markdown","value":"v"},)"
            R"("sortText":"s","filterText":null,"insertText":"i","x":1}]})"))
        == R"({"isIncomplete":true,"items":[{"label":"l","kind":3,)"
           R"("detail":"d","sortText":"s","insertText":"i",)"
           R"("documentation":{"kind":"markdown","value":"v"}}]})");
  CHECK(completions_json(parsed(R"([{"label":"l"}])"))
        == R"({"isIncomplete":false,"items":[{"label":"l"}]})");
}

TEST_CASE("a uri means a path, absolute or not") {
  auto path = [](std::string_view uri) {
    return path_in_uri(uri, "/none/work", "/none/project").value();
  };
  CHECK(path("file:///a/b.py") == "/a/b.py");
  CHECK(path("file://rel/b.py") == "/none/work/rel/b.py");
  CHECK(path("rel.py") == "/none/work/rel.py");
  CHECK(path("/a.py") == "/a.py");
  CHECK(path("file:///%41%zz") == "/%41%zz"); // neither is there
  CHECK(path("file:///%2Ftmp") == "//tmp");   // only this one is
  CHECK(path_in_uri("file://tmp", "/none/work", "/").value() == "//tmp");
  CHECK(!path_in_uri("http://x/a.py", "/", "/"));
  CHECK(!path_in_uri("file://", "/", "/"));
  CHECK(file_uri("/a b/\xc3\xa9#.py") == "file:///a%20b/%C3%A9%23.py");
}

TEST_CASE("languages are known by name, documents by suffix") {
  REQUIRE(find_language("python") != nullptr);
  CHECK(find_language("cobol") == nullptr);
  const auto& script = *find_language("javascript");
  CHECK(document_language(script, "/a.tsx") == "typescriptreact");
  CHECK(document_language(script, "/a.mjs") == "javascript");
  CHECK(document_language(script, "/a.txt") == "javascript");
  CHECK(document_language(*find_language("python"), "/a.ts") == "python");
}

TEST_CASE("line and character 0 are a position") {
  auto body = [](std::string position) {
    return R"({"languageId":"python","pathToProject":"p","uri":"u",)"
           R"("position":)"
           + position + "}";
  };
  auto verb = lsp_verb::completions;
  auto zero = parse_lsp_body(verb, body(R"({"line":0,"character":0})"));
  REQUIRE(zero);
  CHECK(zero.value().line == 0);
  for (auto bad :
       {"{}", "null", "1", R"({"line":0})", R"({"character":0})",
        R"({"line":-1,"character":0})", R"({"line":1.5,"character":0})"})
    CHECK(!parse_lsp_body(verb, body(bad)));
}

TEST_CASE("a request reaches the keeper as it was") {
  lsp_request what;
  what.verb = lsp_verb::completions;
  what.uri = "file://a\"\n";
  what.query = "q";
  what.line = 7;
  what.character = 2'147'483'647;
  what.trigger_kind = 2;
  what.trigger_character = ".";
  request rq;
  rq.method = "POST";
  rq.path = "/lsp/completions";
  rq.keep_alive = false;
  request came;
  auto out = unpack_lsp_request(pack_lsp_request(what, rq), came);
  REQUIRE(out);
  CHECK(out.value().verb == what.verb);
  CHECK(out.value().uri == what.uri);
  CHECK(out.value().query == what.query);
  CHECK(out.value().line == what.line);
  CHECK(out.value().character == what.character);
  CHECK(out.value().trigger_kind == what.trigger_kind);
  CHECK(out.value().trigger_character == what.trigger_character);
  CHECK(came.method == rq.method);
  CHECK(came.path == rq.path);
  CHECK(!came.keep_alive);
}
