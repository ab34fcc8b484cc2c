// JSON bodies of commands, and the bodies that tell what was wrong with them.
#include <cstdint>

#include <boost/json/parse.hpp>
#include <fuzzer/FuzzedDataProvider.h>

#include "runner/toolbox/execute.hpp"
#include "runner/toolbox/json_body.hpp"
#include "tests/fuzz/claim.hpp"

namespace {

using namespace varve::toolbox;
using varve::fuzz::claim;

const guest& sandbox() {
  static const guest g = [] {
    guest out;
    out.workdir = "/home/daytona";
    out.environment = {"PATH=/usr/bin", "HOME=/home/daytona"};
    return out;
  }();
  return g;
}

void check_problem(const problem& p) {
  claim(p.status >= 400 && p.status < 600, "a problem has an error's status");
  boost::system::error_code failed;
  auto body = boost::json::parse(problem_body(p, "/x", "POST"), failed);
  claim(!failed && body.is_object(), "a problem's body is a JSON object");
}

bool is_clean(std::string_view text) {
  return text.find('\0') == std::string_view::npos;
}

void check_command(const command& c) {
  claim(c.start != nullptr, "a command can be started");
  claim(c.cwd.starts_with('/'), "a command's directory is absolute");
  claim(is_clean(c.cwd), "and has no NUL");
  claim(c.timeout.count() >= 0, "time does not run backwards");
  for (const auto& one : c.environment)
    claim(one.find('=') != std::string::npos && one.find('=') > 0
              && is_clean(one),
          "a variable is NAME=VALUE");
}

void try_members(std::string_view body) {
  auto members = parse_object(body);
  if (!members)
    return check_problem(members.error());
  std::vector<std::string> texts;
  std::int64_t number = -1;
  if (auto got = take_texts(members.value(), "argv", texts); !got)
    check_problem(got.error());
  if (auto got = take_number(members.value(), "timeout", 1000, number); !got)
    check_problem(got.error());
  else
    claim(!got.value() || (number >= 0 && number <= 1000),
          "a number is within its limits");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view body{reinterpret_cast<const char*>(data), size};
  for (auto parse : {parse_execute, parse_code_run}) {
    auto wanted = parse(body, sandbox());
    if (wanted)
      check_command(wanted.value());
    else
      check_problem(wanted.error());
  }
  try_members(body);
  return 0;
}
