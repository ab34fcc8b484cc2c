// The public listener with a certificate.
#include <filesystem>

#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <catch2/catch.hpp>

#include "tests/gateway/gateway_fixture.hpp"
#include "tests/gateway/toolbox_side.hpp"

using namespace varve;
using namespace varve::test;
namespace fs = std::filesystem;

namespace {

// A self-signed certificate for localhost in a directory that goes with it.
struct certificate {
  certificate() {
    char name[] = "/tmp/varve-gateway-XXXXXX";
    path = ::mkdtemp(name);
    auto* key = EVP_EC_gen("P-256");
    auto* x509 = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    auto* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(
        subject, "CN", MBSTRING_ASC,
        reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_sign(x509, key, EVP_sha256());
    write("key.pem", [&](std::FILE* f) {
      PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    write("cert.pem", [&](std::FILE* f) { PEM_write_X509(f, x509); });
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  ~certificate() {
    fs::remove_all(path);
  }

  template <class F>
  void write(const char* name, F f) {
    auto* file = std::fopen((path / name).c_str(), "w");
    f(file);
    std::fclose(file);
  }

  fs::path path;
};

gateway::gateway_options with_tls(const certificate& c) {
  auto out = test_options();
  out.tls_cert = c.path / "cert.pem";
  out.tls_key = c.path / "key.pem";
  return out;
}

// A client that speaks TLS over a raw_client's socket.
class tls_client {
 public:
  explicit tls_client(std::uint16_t port, int newest = TLS1_3_VERSION)
      : raw_(port), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_, newest);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, raw_.descriptor());
    is_open = SSL_connect(ssl_) == 1;
  }
  ~tls_client() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  tls_client(const tls_client&) = delete;
  tls_client& operator=(const tls_client&) = delete;

  void send(const std::string& bytes) {
    SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  }

  std::string read_until(const std::string& end) {
    char part[4096];
    while (!buffer_.ends_with(end)) {
      auto n = SSL_read(ssl_, part, sizeof part);
      if (n <= 0)
        break;
      buffer_.append(part, static_cast<std::size_t>(n));
    }
    return std::exchange(buffer_, {});
  }

  // To the end; true when the server said goodbye properly.
  bool ends() {
    char part[4096];
    int n = 0;
    while ((n = SSL_read(ssl_, part, sizeof part)) > 0) {
      // goes on to the end
    }
    return SSL_get_error(ssl_, n) == SSL_ERROR_ZERO_RETURN;
  }

  bool is_open = false;

 private:
  raw_client raw_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

} // namespace

TEST_CASE("with a certificate the API and toolboxes are served over TLS") {
  certificate c;
  gateway_fixture g{with_tls(c)};
  auto box = g.world.add_sandbox(fake_world::home);
  g.world.set_toolbox([](int fd) {
    toolbox_side t{fd};
    t.read_head();
    t.write("HTTP/1.1 200 OK\r\nContent-Length: 300002\r\n\r\n"
            + std::string(300'000, 'x') + "$$");
  });
  tls_client client{g.server->port()};
  REQUIRE(client.is_open);
  for (int i = 0; i < 3; ++i) {
    client.send(request_text("GET", "/api/sandbox/" + box.id, g.key));
    auto a = client.read_until("}");
    CHECK(a.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(a.find("\"https://localhost:3986/toolbox\"") != std::string::npos);
    client.send(request_text("GET", "/toolbox/" + box.id + "/x", g.key));
    CHECK(client.read_until("$$").size() > 300'000);
  }
  client.send(request_text("GET", "/health", "", "", {"Connection: close"}));
  CHECK(client.read_until("}").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(client.ends());
}

TEST_CASE("a pipe after 101 works over TLS too") {
  certificate c;
  gateway_fixture g{with_tls(c)};
  auto box = g.world.add_sandbox(fake_world::home);
  g.world.set_toolbox([](int fd) {
    toolbox_side t{fd};
    t.read_head();
    t.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\n\r\nhello$");
    t.write(t.read_exactly(5));
  });
  tls_client client{g.server->port()};
  REQUIRE(client.is_open);
  client.send(request_text("GET", "/toolbox/" + box.id + "/ws", g.key, "",
                           {"Connection: Upgrade", "Upgrade: websocket"}));
  CHECK(client.read_until("hello$").starts_with("HTTP/1.1 101 "));
  client.send("ping$");
  CHECK(client.read_until("$") == "ping$");
  CHECK(client.ends());
}

TEST_CASE("old protocols and clients that speak no TLS are turned away") {
  certificate c;
  gateway_fixture g{with_tls(c)};
  CHECK_FALSE(tls_client(g.server->port(), TLS1_1_VERSION).is_open);
  raw_client plain{g.server->port()};
  plain.send(request_text("GET", "/health", ""));
  CHECK(plain.read_answer().status == 0);
  raw_client silent{g.server->port()};
  CHECK(silent.is_closed_within(std::chrono::milliseconds{3000}));
}
