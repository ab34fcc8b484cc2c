#include "runner/toolbox/interpreter/execution.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "runner/toolbox/interpreter/interpreter_requests.hpp"
#include "runner/toolbox/interpreter/python_scripts.hpp"

using namespace varve::toolbox;

namespace {

// The JSON of each of these short frames.
std::vector<boost::json::object> chunks(std::string_view frames) {
  std::vector<boost::json::object> out;
  while (!frames.empty()) {
    REQUIRE(frames[0] == '\x81');
    std::size_t size = static_cast<unsigned char>(frames[1]);
    std::size_t head = 2;
    if (size == 126) {
      size = static_cast<unsigned char>(frames[2]) << 8
             | static_cast<unsigned char>(frames[3]);
      head = 4;
    }
    auto text = frames.substr(head, size);
    out.push_back(boost::json::parse({text.data(), text.size()}).as_object());
    frames.remove_prefix(head + size);
  }
  return out;
}

struct with_memory {
  memory_budget memory{1 << 20};
  execution run{{"1 + 1", {}, {{"A", "\"b\""}}}, memory};

  std::vector<boost::json::object> sent() {
    return chunks(run.take_frames(1 << 20));
  }
};

int code_of(std::string_view message) {
  auto parsed = parse_execution(message);
  return parsed ? 0 : parsed.error().status;
}

} // namespace

TEST_CASE_METHOD(with_memory, "the script gets one line per execution") {
  CHECK(run.line() == "{\"code\":\"1 + 1\",\"envs\":{\"A\":\"\\\"b\\\"\"}}\n");
}

TEST_CASE_METHOD(with_memory, "a cut character is sent whole, in its stream") {
  run.add_output(log_stream::out, "a\xc3");
  run.add_output(log_stream::err, "\xe2\x82");
  run.add_output(log_stream::out, "\xa9z");
  run.end("completed", 1000, {});
  auto got = sent();
  REQUIRE(got.size() == 4);
  CHECK(got[0]["text"] == "a");
  CHECK(got[1]["text"] == "\u00e9z");
  CHECK(got[2]["type"] == "stderr");
  CHECK(got[2]["text"] == "\ufffd");
  CHECK(got[3]["type"] == "control");
  for (const auto& one : got)
    CHECK(one.size() == 5);
}

TEST_CASE_METHOD(with_memory, "only whole objects become messages") {
  for (const char* bad : {"", "{", "[]", "{}", "{\"a\":1}}", "1"})
    run.add_message("chart", bad);
  CHECK(sent().empty());
  run.add_message("chart", " {\"text\":\"\",\"chart\":{\"type\":\"line\"}}");
  auto got = sent();
  REQUIRE(got.size() == 1);
  CHECK(got[0]["type"] == "chart");
  CHECK(got[0]["chart"].as_object()["type"] == "line");
}

TEST_CASE_METHOD(with_memory, "nothing follows the end") {
  run.end({}, 4008, {});
  run.add_output(log_stream::out, "late");
  run.end("completed", 1000, {});
  CHECK(sent().empty());
  CHECK(run.close_code() == 4008);
}

TEST_CASE_METHOD(with_memory, "code is held back until its output is sent") {
  std::string line(1000, 'x');
  while (!run.is_held())
    run.add_output(log_stream::out, line);
  auto before = memory.left();
  CHECK(before < (1 << 20) - execution::held_from * 9 / 10);
  CHECK(!run.take_frames(execution::held_from / 2).empty());
  CHECK(!run.is_held());
  CHECK(memory.left() > before);
  run.abandon();
  CHECK(memory.left() == 1 << 20);
  run.add_output(log_stream::out, line);
  CHECK(memory.left() == 1 << 20);
}

TEST_CASE("output without memory for it says so") {
  memory_budget memory{64};
  execution run{{"1", {}, {}}, memory};
  run.add_output(log_stream::out, std::string(1000, 'x'));
  auto got = chunks(run.take_frames(1 << 20));
  REQUIRE(got.size() == 1);
  CHECK(got[0]["type"] == "stderr");
}

TEST_CASE("what asks for an execution is checked") {
  CHECK(code_of("{\"code\":\"1\",\"other\":[]}") == 0);
  CHECK(code_of("{\"code\":\"1\",\"timeout\":null}") == 0);
  CHECK(code_of("nonsense") == 1002);
  CHECK(code_of("{\"code\":\" \"}") == 0);
  CHECK(code_of("{\"code\":\"\"}") == 1008);
  CHECK(code_of("{\"code\":\"1\",\"timeout\":-0.5}") == 1008);
  CHECK(code_of("{\"code\":\"1\",\"timeout\":1.5}") == 1008);
  CHECK(code_of("{\"code\":\"a\\u0000\"}") == 1008);
  auto all = parse_execution("{\"code\":\"c\",\"contextId\":\"x\",\"envs\":"
                             "{\"A\":\"b\"},\"timeout\":7.0}");
  REQUIRE(all);
  CHECK(all.value().context == "x");
  CHECK(all.value().timeout.count() == 7);
  CHECK(parse_execution("{\"code\":\"c\"}").value().timeout.count() == 600);
}

TEST_CASE("requests about contexts are told apart") {
  using verb = interpreter_verb;
  auto find = [](const char* method, const std::string& tail) {
    return find_interpreter_target(method, "/process/interpreter" + tail);
  };
  CHECK(find("GET", "/execute")->verb == verb::execute);
  CHECK(find("POST", "/context")->verb == verb::create);
  CHECK(find("GET", "/context")->verb == verb::list);
  CHECK(find("DELETE", "/context/a")->context == "a");
  CHECK(find("POST", "/context/a/interrupt")->verb == verb::interrupt);
  for (const char* tail : {"", "/", "/contexts", "/context/", "/context/a/b",
                           "/execute/x", "/context/a"})
    CHECK(!find("POST", tail));
}

TEST_CASE("the scripts fit a raw text and are plain ASCII") {
  for (auto script :
       {charts_script, pyplot_hook_script, code_run_script, worker_script}) {
    CHECK(script.size() > 200);
    for (char c : script)
      REQUIRE((c == '\n' || (c >= ' ' && c <= '~')));
  }
}
