// URLs that open one file of a sandbox without a key.
#include <catch2/catch.hpp>

#include "gateway/proxy/signed_url.hpp"
#include "tests/gateway/gateway_fixture.hpp"
#include "tests/gateway/toolbox_side.hpp"

using namespace varve;
using namespace varve::test;
using gateway::claim_verdict;
using gateway::signed_claim;

namespace {

// Of a JSON string without escapes.
std::string string_in(const raw_answer& a) {
  REQUIRE((a.body.size() > 2 && a.body.front() == '"'));
  return a.body.substr(1, a.body.size() - 2);
}

const std::string plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

struct signed_fixture : gateway_fixture {
  signed_fixture() : box(world.add_sandbox(fake_world::home)) {
    world.set_toolbox([this](int fd) {
      toolbox_side t{fd};
      auto head = t.read_head();
      {
        std::lock_guard lock{mutex};
        last_head = head;
      }
      t.write(plain);
    });
  }

  std::string signing_key() {
    auto a = call("GET", "/api/sandbox/" + box.id + "/signing-key");
    REQUIRE(a.status == 200);
    return string_in(a);
  }

  // Without a key. The path is of the sandbox's root.
  raw_answer anonymous(std::string_view method, const std::string& rest) {
    raw_client client{server->port()};
    client.send(request_text(method, "/toolbox/" + box.id + rest, "", "", {}));
    return client.read_answer(method == "HEAD");
  }

  std::string seen() {
    std::lock_guard lock{mutex};
    return last_head;
  }

  sandbox_view box;
  std::mutex mutex;
  std::string last_head;
};

// "/files/download?path=..." as a client signs it; `query_path` is encoded.
std::string signed_path(const std::string& key, const std::string& method,
                        const std::string& file, const std::string& query_path,
                        const std::string& expires) {
  signed_claim claim{method, file, expires, ""};
  auto rest = method == "GET" ? "/files/download" : "/files/upload-v2";
  return std::string{rest} + "?path=" + query_path + "&expires=" + expires
         + "&signature=" + gateway::signature_of(claim, key);
}

} // namespace

TEST_CASE("a signature is what clients of every language compute") {
  signed_claim claim{"GET", "/a b.txt", "0", ""};
  CHECK(gateway::signature_of(claim, "key")
        == "v1_ZUZtZ8rZCSw4mICSdMT-vu4wTFEt85MGaIrpFX-KHfM");
  claim = {"POST", "\xc3\xbc/x", "1800000100", ""};
  CHECK(gateway::signature_of(claim, "key")
        == "v1_hzLlwnvuNxZtmuQevZEBd64bkTPextFT2F5tM0xfVgI");
}

TEST_CASE("a claim is good until it expires, and only as it was signed") {
  signed_claim claim{"GET", "/a", "1800000100", ""};
  claim.signature = gateway::signature_of(claim, "key");
  constexpr timestamp before = 1'800'000'099'999;
  CHECK(judge(claim, "key", before) == claim_verdict::good);
  CHECK(judge(claim, "key", before + 1) == claim_verdict::expired);
  CHECK(judge(claim, "other", before) == claim_verdict::wrong);
  for (auto change : {&signed_claim::method, &signed_claim::path,
                      &signed_claim::expires, &signed_claim::signature}) {
    auto other = claim;
    (other.*change) += "1";
    CHECK(judge(other, "key", before) == claim_verdict::wrong);
  }
  // Signed or not, no time is no time.
  for (auto expires : {"", "-1", "x", "1e9"}) {
    signed_claim odd{"GET", "/a", expires, ""};
    odd.signature = gateway::signature_of(odd, "key");
    CHECK(judge(odd, "key", 0) == claim_verdict::wrong);
  }
  signed_claim lasting{"GET", "/a", "0", ""};
  lasting.signature = gateway::signature_of(lasting, "key");
  CHECK(judge(lasting, "key", before * 2) == claim_verdict::good);
}

TEST_CASE_METHOD(signed_fixture, "a signed URL opens its file without a key") {
  auto signer = signing_key();
  auto a = anonymous(
      "GET", signed_path(signer, "GET", "/a b&c", "%2Fa+b%26c", "1800000001"));
  CHECK(a.status == 200);
  CHECK(a.body == "hi");
  // Nothing that was not signed reaches the toolbox.
  CHECK(seen().starts_with("GET /files/download?path=%2Fa%20b%26c HTTP/1.1"));
  auto more = signed_path(signer, "GET", "/x", "/x", "0") + "&depth=9";
  CHECK(anonymous("HEAD", more).status == 200);
  CHECK(seen().starts_with("HEAD /files/download?path=%2Fx HTTP/1.1"));
  auto up = signed_path(signer, "POST", "/x", "/x", "0");
  CHECK(anonymous("POST", up).status == 200);
}

TEST_CASE_METHOD(signed_fixture, "a signed URL opens nothing else") {
  auto signer = signing_key();
  auto good = signed_path(signer, "GET", "/x", "/x", "0");
  auto twisted = good;
  twisted.replace(twisted.find("path=/x"), 7, "path=/y");
  CHECK(anonymous("GET", twisted).status == 401);
  // Of two paths the one counts that was signed, and no other arrives.
  CHECK(anonymous("GET", good + "&path=/y").status == 401);
  CHECK(anonymous("POST", good).status == 401);
  auto elsewhere = good;
  elsewhere.replace(0, 15, "/files/info");
  CHECK(anonymous("GET", elsewhere).status == 401);
  CHECK(anonymous("GET", "/files/download?path=/x&expires=0").status == 401);
  auto late =
      anonymous("GET", signed_path(signer, "GET", "/x", "/x", "1799999999"));
  CHECK(late.status == 401);
  CHECK(late.text("message").find("has expired") != std::string::npos);
  CHECK(seen().empty());
  auto other = world.add_sandbox(fake_world::home);
  raw_client client{server->port()};
  client.send(request_text("GET", "/toolbox/" + other.id + good, "", "", {}));
  CHECK(client.read_answer(false).status == 401);
}

TEST_CASE_METHOD(signed_fixture, "a key still opens what is badly signed") {
  CHECK(call("GET", "/toolbox/" + box.id
                        + "/files/download?path=/x&expires=0&signature=no")
            .status
        == 200);
}

TEST_CASE_METHOD(signed_fixture, "rotation ends all URLs that were signed") {
  auto signer = signing_key();
  auto url = signed_path(signer, "GET", "/x", "/x", "0");
  CHECK(anonymous("GET", url).status == 200);
  auto a = call("POST", "/api/sandbox/" + box.id + "/signing-key/rotate");
  CHECK(a.status == 200);
  CHECK(a.headers["cache-control"] == "no-store");
  CHECK(anonymous("GET", url).status == 401);
  auto fresh = signing_key();
  CHECK(fresh != signer);
  CHECK(string_in(a) == fresh);
  url = signed_path(fresh, "GET", "/x", "/x", "0");
  CHECK(anonymous("GET", url).status == 200);
}

TEST_CASE_METHOD(signed_fixture, "rotation cuts off a transfer under way") {
  std::atomic<bool> started{false};
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    t.read_head();
    started = true;
    t.read_rest();
  });
  auto url = signed_path(signing_key(), "GET", "/x", "/x", "0");
  raw_client client{server->port()};
  client.send(request_text("GET", "/toolbox/" + box.id + url, "", "", {}));
  while (!started)
    std::this_thread::yield();
  call("POST", "/api/sandbox/" + box.id + "/signing-key/rotate");
  CHECK(client.is_closed_within(std::chrono::milliseconds{8000}));
}
