#include "runner/toolbox/sessions/command_log.hpp"

#include <memory>
#include <random>

#include <catch2/catch.hpp>

using namespace varve::toolbox;

namespace {

std::string all_of(const command_log& log, log_form form,
                   std::uint64_t offset = 0, std::size_t most = 100) {
  auto where = log.seek(form, offset);
  std::string out;
  while (log.read(where, form, most, out)) {
    // nop
  }
  CHECK_FALSE(where.has_lost);
  return out;
}

} // namespace

TEST_CASE("a log is read as one text, with markers, or one stream") {
  log_space space{1 << 20};
  command_log log{space};
  CHECK(all_of(log, log_form::plain).empty());
  log.append(log_stream::out, "a\nb");
  log.append(log_stream::err, "E\n");
  log.append(log_stream::out, "\n");
  CHECK(all_of(log, log_form::plain) == "a\nbE\n\n");
  CHECK(all_of(log, log_form::marked) == "\1\1\1a\n\1\1\1b\2\2\2E\n\1\1\1\n");
  CHECK(all_of(log, log_form::out) == "a\nb\n");
  CHECK(all_of(log, log_form::err) == "E\n");
  CHECK(log.end(log_form::plain) == 6);
  CHECK(log.end(log_form::marked) == 18);
}

TEST_CASE("every offset of a form leads to the rest of it") {
  log_space space{64 << 20};
  command_log log{space};
  std::mt19937 random{7};
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (auto n = random() % 700; n > 0; --n)
      text += random() % 20 == 0 ? '\n' : static_cast<char>('a' + random() % 9);
    log.append(random() % 2 ? log_stream::out : log_stream::err, text);
  }
  for (auto form : {log_form::plain, log_form::marked}) {
    auto whole = all_of(log, form);
    CHECK(whole.size() == log.end(form));
    for (int i = 0; i < 300; ++i) {
      auto offset = random() % (whole.size() + 10);
      auto rest = whole.substr(std::min<std::size_t>(offset, whole.size()));
      CHECK(all_of(log, form, offset, 1 + random() % 5000) == rest);
    }
  }
}

TEST_CASE("a reader goes on where new text comes") {
  log_space space{64 << 20};
  command_log log{space};
  auto where = log.seek(log_form::plain, 0);
  std::string read, wrote;
  for (int i = 0; i < 5000; ++i) {
    auto text = std::to_string(i) + " " + std::string(i % 97, 'x') + "\n";
    log.append(log_stream::out, text);
    wrote += text;
    while (i % 3 == 0 && log.read(where, log_form::plain, 64, read)) {
      // nop
    }
  }
  while (log.read(where, log_form::plain, 64, read)) {
    // nop
  }
  CHECK(read == wrote);
  CHECK_FALSE(where.has_lost);
}

TEST_CASE("beyond its limit a log keeps the end and says what was lost") {
  log_space space{64 << 20};
  command_log log{space, 256 << 10};
  auto slow = log.seek(log_form::plain, 0);
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    last = std::string(1000, static_cast<char>('a' + i % 26));
    log.append(log_stream::out, last);
  }
  auto first = log.first(log_form::plain);
  CHECK(log.end(log_form::plain) == 1'000'000);
  CHECK(first >= 1'000'000 - (256 << 10));
  CHECK(first <= 1'000'000 - (128 << 10));
  CHECK(all_of(log, log_form::plain).size() == 1'000'000 - first);
  CHECK(all_of(log, log_form::plain, 999'000) == last);
  std::string text;
  CHECK(log.read(slow, log_form::plain, 10, text));
  CHECK(slow.has_lost);
}

TEST_CASE("logs share one space, and what has ended makes room") {
  log_space space{300'000};
  auto ended = std::make_unique<command_log>(space);
  command_log runs{space};
  std::string text(100'000, 'x');
  ended->append(log_stream::out, text);
  runs.append(log_stream::out, text);
  ended->retire();
  runs.append(log_stream::out, text);
  CHECK(ended->first(log_form::plain) == 100'000);
  CHECK(ended->end(log_form::plain) == 100'000);
  CHECK(all_of(runs, log_form::plain).size() == 200'000);
  runs.append(log_stream::out, text + text);
  CHECK(all_of(runs, log_form::plain).size() < 300'000);
  CHECK(runs.end(log_form::plain) == 400'000);
  ended.reset();
  runs.append(log_stream::err, "last");
  CHECK(all_of(runs, log_form::err) == "last");
}

TEST_CASE("a log without any space counts what it cannot keep") {
  log_space space{3};
  command_log log{space};
  log.append(log_stream::out, "abc\n");
  CHECK(log.end(log_form::plain) == 4);
  CHECK(log.first(log_form::plain) == 4);
  CHECK(all_of(log, log_form::plain).empty());
}

TEST_CASE("an unfinished character is told from a finished one") {
  CHECK(whole_characters("") == 0);
  CHECK(whole_characters("ab") == 2);
  CHECK(whole_characters("a\xc3") == 1);
  CHECK(whole_characters("a\xc3\xbc") == 3);
  CHECK(whole_characters("\xe2\x9c") == 0);
  CHECK(whole_characters("\xe2\x9c\x93") == 3);
  CHECK(whole_characters("x\xf0\x9f\x98") == 1);
  CHECK(whole_characters("x\xf0\x9f\x98\x80") == 5);
  CHECK(whole_characters("\x80\x80\x80\x80") == 4);
  CHECK(whole_characters("\xff") == 1);
}
