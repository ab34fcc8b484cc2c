// Much of it, both ways, within little memory; and pipes after 101.
#include <fstream>

#include <catch2/catch.hpp>

#ifdef __SANITIZE_ADDRESS__
// Not every compiler package brings the header this is declared in.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

#include "tests/gateway/gateway_fixture.hpp"
#include "tests/gateway/toolbox_side.hpp"

using namespace varve;
using namespace varve::test;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t mebi = 1024 * 1024;
constexpr std::size_t big = 64 * mebi;
constexpr std::size_t piece_size = 100'003; // fits no buffer of anybody

std::string pattern(std::size_t offset, std::size_t n) {
  std::string out(n, '\0');
  for (std::size_t i = 0; i < n; ++i)
    out[i] = static_cast<char>((offset + i) * 2654435761U >> 13);
  return out;
}

std::uint64_t fold(std::uint64_t sum, std::string_view bytes) {
  for (unsigned char c : bytes)
    sum = sum * 1099511628211ULL + c;
  return sum;
}

std::uint64_t expected_sum() {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < big; at += piece_size)
    sum = fold(sum, pattern(at, std::min(piece_size, big - at)));
  return sum;
}

// Memory this process holds in bytes, gateway and all. Under a sanitizer what
// is freed stays resident for a while, so there it is what is allocated.
std::size_t held() {
#ifdef __SANITIZE_ADDRESS__
  return __sanitizer_get_current_allocated_bytes();
#else
  std::ifstream statm{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t pages = 0;
  statm >> total >> pages;
  return pages * 4096;
#endif
}

// The most that was held beyond the start, as far as looked at.
class peak {
 public:
  void look() {
    most_ = std::max(most_, held());
  }
  std::size_t growth() const {
    return most_ - start_;
  }

 private:
  std::size_t start_ = held();
  std::size_t most_ = start_;
};

std::string chunk_of(const std::string& piece) {
  char prefix[32];
  std::snprintf(prefix, sizeof prefix, "%zx\r\n", piece.size());
  return prefix + piece + "\r\n";
}

struct stream_fixture : gateway_fixture {
  stream_fixture() : box(world.add_sandbox(fake_world::home)) {
    // nop
  }

  std::string target(const char* path) const {
    return "/toolbox/" + box.id + path;
  }

  sandbox_view box;
};

// Sends 64 MiB, by length or in chunks.
template <class Sink>
void send_big(Sink& to, bool chunked) {
  for (std::size_t at = 0; at < big; at += piece_size) {
    auto piece = pattern(at, std::min(piece_size, big - at));
    if (!(chunked ? to(chunk_of(piece)) : to(piece)))
      return;
  }
  if (chunked)
    to(std::string{"0\r\n\r\n"});
}

std::string framing(bool chunked) {
  return chunked ? "Transfer-Encoding: chunked"
                 : "Content-Length: " + std::to_string(big);
}

// Reads a body of either framing piece by piece and folds it.
template <class Source>
std::uint64_t fold_body(Source& from, bool chunked) {
  std::uint64_t sum = 0;
  std::size_t left = chunked ? 0 : big;
  for (;;) {
    if (chunked) {
      std::string line;
      while (!line.ends_with("\r\n")) {
        auto c = from.read_exactly(1);
        if (c.empty())
          return 0;
        line += c;
      }
      left = std::stoul(line, nullptr, 16);
      if (left == 0)
        return sum;
    }
    while (left > 0) {
      auto part = from.read_exactly(std::min(left, mebi));
      if (part.empty())
        return 0;
      sum = fold(sum, part);
      left -= part.size();
    }
    if (!chunked)
      return sum;
    from.read_exactly(2);
  }
}

} // namespace

TEST_CASE_METHOD(stream_fixture, "64 MiB go up by length and in chunks within "
                                 "bounded memory") {
  for (bool chunked : {false, true}) {
    INFO(chunked);
    std::uint64_t got = 0;
    world.set_toolbox([&](int fd) {
      toolbox_side t{fd};
      t.read_head();
      got = fold_body(t, chunked);
      t.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    peak memory;
    raw_client client{server->port()};
    client.send(
        request_text("POST", target("/up"), key, "", {framing(chunked)}));
    auto sink = [&](const std::string& b) {
      memory.look();
      return client.send(b);
    };
    send_big(sink, chunked);
    CHECK(client.read_answer().status == 200);
    CHECK(got == expected_sum());
    CHECK(memory.growth() < 16 * mebi);
  }
}

TEST_CASE_METHOD(stream_fixture, "64 MiB come down by length and in chunks "
                                 "within bounded memory") {
  for (bool chunked : {false, true}) {
    INFO(chunked);
    peak memory;
    world.set_toolbox([&](int fd) {
      toolbox_side t{fd};
      t.read_head();
      t.write("HTTP/1.1 200 OK\r\n" + framing(chunked) + "\r\n\r\n");
      auto sink = [&](const std::string& b) {
        memory.look();
        return t.write(b);
      };
      send_big(sink, chunked);
    });
    raw_client client{server->port()};
    client.send(request_text("GET", target("/down"), key));
    std::string head;
    while (!head.ends_with("\r\n\r\n"))
      head += client.read_exactly(1);
    CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK((head.find(framing(chunked)) != std::string::npos));
    CHECK(fold_body(client, chunked) == expected_sum());
    world.join_toolboxes();
    CHECK(memory.growth() < 16 * mebi);
  }
}

TEST_CASE_METHOD(stream_fixture, "a client that does not read holds the "
                                 "toolbox back") {
  std::atomic<std::size_t> written{0};
  std::atomic<bool> ended{false};
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    t.read_head();
    t.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    std::string piece(mebi, 'x');
    while (written < 200 * mebi && t.write(piece))
      written += piece.size();
    ended = true;
  });
  auto client = std::make_unique<raw_client>(server->port());
  client->send(request_text("GET", target("/flood"), key));
  CHECK(client->read_exactly(10 * mebi).size() == 10 * mebi);
  // Nobody reads now: what is on its way is bounded by the buffers between.
  std::size_t last = 0;
  do {
    last = written;
    for (int i = 0; i < 200'000; ++i)
      std::this_thread::yield();
  } while (written != last);
  CHECK_FALSE(ended);
  CHECK(written < 64 * mebi);
  client.reset();
  world.join_toolboxes();
}

TEST_CASE_METHOD(stream_fixture, "pieces come through as soon as they are "
                                 "there") {
  std::atomic<int> may_send{1};
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    t.read_head();
    t.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
      while (may_send <= i)
        std::this_thread::yield();
      t.write("4\r\nnow" + std::to_string(i) + "\r\n");
    }
    t.write("0\r\n\r\n");
  });
  raw_client client{server->port()};
  client.send(request_text("GET", target("/follow"), key));
  std::string head;
  while (!head.ends_with("\r\n\r\n"))
    head += client.read_exactly(1);
  for (int i = 0; i < 3; ++i) {
    CHECK(client.read_exactly(9) == "4\r\nnow" + std::to_string(i) + "\r\n");
    ++may_send;
  }
  CHECK(client.read_exactly(5) == "0\r\n\r\n");
}

TEST_CASE_METHOD(stream_fixture, "after 101 bytes go both ways as they are") {
  std::string head;
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    head = t.read_head();
    t.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Accept: abc\r\n"
            "Sec-WebSocket-Protocol: X-Daytona-SDK-Version~0.190.0\r\n\r\n"
            "first words");
    for (;;) {
      auto got = t.read_some();
      if (got.empty())
        break;
      t.write(got);
    }
    t.write("bye");
  });
  raw_client client{server->port()};
  client.send(
      request_text("GET", target("/process/pty/connect"), key, "",
                   {"Connection: keep-alive, Upgrade", "Upgrade: websocket",
                    "Sec-WebSocket-Key: k", "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Protocol: X-Daytona-SDK-Version~0.190.0"}));
  auto a = client.read_answer(true);
  CHECK(a.status == 101);
  CHECK(a.headers["upgrade"] == "websocket");
  CHECK(a.headers["connection"] == "Upgrade");
  CHECK(a.headers["sec-websocket-accept"] == "abc");
  CHECK(a.headers["sec-websocket-protocol"] == "X-Daytona-SDK-Version~0.190.0");
  CHECK(client.read_exactly(11) == "first words");
  for (std::size_t size : {1UL, 5UL, 70'000UL, 300'000UL}) {
    auto bytes = pattern(size, size);
    client.send(bytes);
    CHECK(client.read_exactly(size) == bytes);
  }
  client.shut_writing();
  CHECK(client.read_exactly(3) == "bye");
  CHECK(client.is_closed_within(milliseconds{3000}));
  CHECK(head.find("Connection: Upgrade\r\nUpgrade: websocket\r\n")
        != std::string::npos);
  CHECK(head.find("Sec-WebSocket-Key: k\r\n") != std::string::npos);
}

TEST_CASE_METHOD(stream_fixture, "a refused upgrade is an ordinary answer") {
  world.set_toolbox([&](int fd) {
    toolbox_side t{fd};
    t.read_head();
    t.write("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
  });
  raw_client client{server->port()};
  client.send(request_text("GET", target("/ws"), key, "",
                           {"Connection: Upgrade", "Upgrade: websocket"}));
  auto a = client.read_answer();
  CHECK(a.status == 404);
  CHECK(a.body == "no");
}

TEST_CASE_METHOD(stream_fixture, "a pipe ends when the toolbox dies, when the "
                                 "client leaves and when we stop") {
  std::atomic<bool> ended{false};
  auto serve = [&](bool dies) {
    return [&ended, dies](int fd) {
      toolbox_side t{fd};
      t.read_head();
      t.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\n\r\n");
      if (!dies)
        t.read_rest();
      ended = true;
    };
  };
  auto upgrade = request_text("GET", target("/ws"), key, "",
                              {"Connection: Upgrade", "Upgrade: websocket"});
  {
    world.set_toolbox(serve(true));
    raw_client client{server->port()};
    client.send(upgrade);
    CHECK(client.read_answer(true).status == 101);
    CHECK(client.is_closed_within(milliseconds{3000}));
  }
  world.set_toolbox(serve(false));
  ended = false;
  {
    raw_client client{server->port()};
    client.send(upgrade);
    CHECK(client.read_answer(true).status == 101);
  }
  while (!ended)
    std::this_thread::yield();
  raw_client client{server->port()};
  client.send(upgrade);
  CHECK(client.read_answer(true).status == 101);
  std::thread stopping{[&] { server->stop(); }};
  CHECK(client.is_closed_within(milliseconds{3000}));
  stopping.join();
  world.join_toolboxes();
}
