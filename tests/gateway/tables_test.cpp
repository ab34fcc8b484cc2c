#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "gateway/api/activity.hpp"
#include "gateway/api/admission.hpp"
#include "gateway/api/wire_time.hpp"
#include "gateway/http_status.hpp"
#include "gateway/proxy/proxy_path.hpp"
#include "gateway/server/message_text.hpp"
#include "gateway/url.hpp"

using namespace varve;
using namespace varve::gateway;

TEST_CASE("every error has an HTTP status with a reason and a code") {
  const std::map<errc, unsigned> wanted{{errc::invalid, 400},
                                        {errc::not_found, 404},
                                        {errc::conflict, 409},
                                        {errc::wrong_state, 400},
                                        {errc::unsupported, 422},
                                        {errc::reused, 422},
                                        {errc::quota_exceeded, 400},
                                        {errc::forbidden, 403},
                                        {errc::unauthorized, 401},
                                        {errc::too_busy, 429},
                                        {errc::log_void, 503},
                                        {errc::log_doubt, 503},
                                        {errc::log_corrupt, 503},
                                        {errc::log_diverged, 503},
                                        {errc::log_unavailable, 503},
                                        {errc::log_full, 507},
                                        {errc::version_conflict, 409},
                                        {errc::store_failed, 503},
                                        {errc::malformed, 500},
                                        {errc::too_large, 413},
                                        {errc::undecipherable, 500},
                                        {errc::runner_failed, 500},
                                        {errc::runner_unavailable, 503},
                                        {errc::guest_unreachable, 502},
                                        {errc::timed_out, 504},
                                        {errc::io, 500},
                                        {errc::shutting_down, 503}};
  std::set<errc> seen;
  for (unsigned n = 0; n < 1000; ++n) {
    auto code = static_cast<errc>(n);
    if (name_of(code) == "unknown")
      continue;
    INFO(name_of(code));
    REQUIRE(wanted.contains(code));
    CHECK(status_of(code) == wanted.at(code));
    CHECK(reason_of(status_of(code)) != "Unknown");
    CHECK(code_of(status_of(code)) != "UNKNOWN");
    CHECK(is_for_callers(code) == (status_of(code) != 500));
    seen.insert(code);
  }
  CHECK(seen.size() == wanted.size());
}

TEST_CASE("percent escapes are decoded, broken ones and NUL refused") {
  CHECK(percent_decoded("a%2Fb%20c") == "a/b c");
  CHECK(percent_decoded("a+b") == "a+b");
  CHECK(percent_decoded("a+b", true) == "a b");
  CHECK_FALSE(percent_decoded("%"));
  CHECK_FALSE(percent_decoded("%2"));
  CHECK_FALSE(percent_decoded("%zz"));
  CHECK_FALSE(percent_decoded("%00"));
}

TEST_CASE("query parameters repeat, come in brackets and are decoded") {
  query_parameters q{"states=a&states=b&states[]=c&x=1&x=2&n%61me=v%26w&e="};
  CHECK(q.values("states") == std::vector<std::string>{"a", "b", "c"});
  CHECK(q.value("x") == "2");
  CHECK(q.value("name") == "v&w");
  CHECK(q.value("e") == "");
  CHECK_FALSE(q.value("absent"));
}

TEST_CASE("a parameter is taken out of a query and the rest left as it was") {
  CHECK(without_parameter("a=%20&KEY=s&b", "KEY") == "a=%20&b");
  CHECK(without_parameter("a=1&K%45Y=s", "KEY") == "a=1");
  CHECK(without_parameter("a&&b=+", "KEY") == "a&&b=+");
  CHECK(without_parameter("KEY=s", "KEY").empty());
}

TEST_CASE("whole numbers are digits and nothing else") {
  CHECK(whole_number("42") == 42);
  for (auto wrong : {"", "-1", "+1", "1 ", "0x1", "99999999999999999999"})
    CHECK_FALSE(whole_number(wrong));
}

TEST_CASE("ISO dates are read with and without time, fraction and zone") {
  CHECK(from_iso8601("1970-01-02") == 86'400'000);
  CHECK(from_iso8601("1970-01-01T00:00:01Z") == 1000);
  CHECK(from_iso8601("1970-01-01T00:00:01.5Z") == 1500);
  CHECK(from_iso8601("1970-01-01T00:00:01.123456Z") == 1123);
  CHECK(from_iso8601("1970-01-01T02:00:00+02:00") == 0);
  CHECK(from_iso8601("1970-01-01T00:00-0130") == 5'400'000);
  CHECK(from_iso8601("2026-01-02T03:04:05.678Z") == 1'767'323'045'678);
  for (auto wrong : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-1-1",
                     "2026-01-01T", "2026-01-01T1", "2026-01-01T00:00:00x",
                     "1969-12-31", "2026-01-01T00:00:00.Z"})
    CHECK_FALSE(from_iso8601(wrong));
}

TEST_CASE("HTTP dates are spelt as servers do") {
  CHECK(http_date(784'111'777'000) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("the paths into a toolbox are told from all others") {
  auto direct = parse_proxy_path("/toolbox/ab/files/x%20y");
  REQUIRE(direct);
  CHECK(direct->sandbox_id == "ab");
  CHECK(direct->rest == "/files/x%20y");
  CHECK_FALSE(direct->through_api);
  REQUIRE(parse_proxy_path("/toolbox/ab"));
  CHECK(parse_proxy_path("/toolbox/ab")->rest.empty());
  CHECK(parse_proxy_path("/toolbox/ab/")->rest == "/");
  auto old = parse_proxy_path("/api/toolbox/ab/toolbox/process/execute");
  REQUIRE(old);
  CHECK(old->through_api);
  CHECK(old->rest == "/process/execute");
  CHECK(parse_proxy_path("/api/toolbox/ab/toolbox/lsp/workspace-symbols")->rest
        == "/lsp/workspacesymbols");
  for (auto other : {"/", "/toolbox", "/api/toolbox/ab", "/api/toolbox/ab/x",
                     "/api/toolbox/ab/toolboxes/x", "/api/sandbox"})
    CHECK_FALSE(parse_proxy_path(other));
}

TEST_CASE("what the Connection field names is not passed on") {
  header_list all;
  all.add("Connection", "keep-alive, X-Secret ");
  all.add("X-Secret", "1");
  CHECK(is_hop_by_hop(all, "x-secret"));
  CHECK(is_hop_by_hop(all, "Transfer-Encoding"));
  CHECK(is_hop_by_hop(all, "TE"));
  CHECK_FALSE(is_hop_by_hop(all, "X-Other"));
}

TEST_CASE(
    "commands in flight are bounded in all, by organization and sandbox") {
  limits bounds;
  bounds.commands = 4;
  bounds.organization_commands = 3;
  bounds.sandbox_commands = 2;
  admission a{bounds};
  auto one = a.enter("o", "s");
  auto two = a.enter("o", "s");
  REQUIRE(one);
  REQUIRE(two);
  CHECK(a.enter("o", "s").error().code == errc::too_busy);
  {
    auto three = a.enter("o", "");
    REQUIRE(three);
    CHECK(a.enter("o", "t").error().code == errc::too_busy);
    auto four = a.enter("p", "t");
    REQUIRE(four);
    CHECK(a.enter("q", "t").error().code == errc::log_unavailable);
  }
  CHECK(a.enter("o", "t"));
  CHECK(a.enter("q", "t"));
}

TEST_CASE("activity keeps the newest time and forgets the oldest sandboxes") {
  activity used{{}, 10};
  used.touch("a", 5);
  used.touch("a", 3);
  CHECK(used.last("a") == 5);
  for (timestamp t = 10; t < 30; ++t)
    used.touch("s" + std::to_string(t), t);
  CHECK(used.last("a") == 0);
  CHECK(used.last("s29") == 29);
  used.forget("s29");
  CHECK(used.last("s29") == 0);
}
