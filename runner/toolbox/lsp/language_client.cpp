#include "runner/toolbox/lsp/language_client.hpp"

#include <cerrno>
#include <csignal>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

constexpr std::size_t errors_kept = 4 << 10;
constexpr int reads_per_turn = 16;
constexpr int ending_steps = 20;
constexpr useconds_t ending_step = 10'000;
constexpr std::size_t deepest_message = 256;

timespec time_until(std::optional<language_client::time_point> until) {
  auto left = until ? *until - steady_clock::now() : steady_clock::duration{};
  auto all = std::max<std::int64_t>(0, std::chrono::nanoseconds{left}.count());
  return {all / 1'000'000'000, all % 1'000'000'000};
}

std::string text_of(const json::object& members, std::string_view name) {
  const auto* value = members.if_contains({name.data(), name.size()});
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{text->c_str()};
}

} // namespace

language_client::language_client(const server_process& server,
                                 answer_queue& others)
    : pid_{server.pid}, in_{server.in}, out_{server.out}, err_{server.err},
      others_{others} {
  // nop
}

language_client::~language_client() {
  for (int fd : {in_, out_, err_})
    if (fd >= 0)
      ::close(fd);
}

outcome<json::value> language_client::ask(std::string_view method,
                                          const std::string& params,
                                          time_point until) {
  auto id = std::to_string(++last_id_);
  answer_.reset();
  send("{\"jsonrpc\":\"2.0\",\"id\":" + id
       + ",\"method\":" + json_string(method) + ",\"params\":" + params + "}");
  while (!answer_ && !is_over_ && steady_clock::now() < until)
    turn(-1, until);
  if (!answer_ && is_over_)
    return internal_failure("the language server has ended: " + trouble_);
  if (!answer_) {
    tell("$/cancelRequest", "{\"id\":" + id + "}");
    return problem{408, "REQUEST_TIMEOUT",
                   "request timeout: the language server did not answer "
                       + std::string{method} + " in time"};
  }
  auto answer = std::move(*answer_);
  answer_.reset();
  if (const auto* error = answer.if_contains("error"))
    return bad_request(
        "the language server refused " + std::string{method} + ": "
        + (error->is_object() ? text_of(error->get_object(), "message")
                              : std::string{}));
  auto* result = answer.if_contains("result");
  return result == nullptr ? json::value{} : std::move(*result);
}

void language_client::tell(std::string_view method, const std::string& params) {
  send("{\"jsonrpc\":\"2.0\",\"method\":" + json_string(method)
       + ",\"params\":" + params + "}");
}

void language_client::wait_for(int channel) {
  while (!is_over_ && !turn(channel, std::nullopt)) {
    // nop
  }
}

std::string language_client::last_words() const {
  auto end = errors_.find_last_not_of(" \r\n\t");
  return end == std::string::npos ? std::string{} : errors_.substr(0, end + 1);
}

bool language_client::turn(int channel, std::optional<time_point> until) {
  short wanted = unsent_.empty() ? 0 : POLLOUT;
  std::vector<pollfd> polls{
      {out_, POLLIN, 0}, {err_, POLLIN, 0}, {channel, POLLIN, 0}};
  // A closed stdin alone would wake it again and again.
  if (wanted != 0)
    polls.push_back({in_, wanted, 0});
  others_.add_to(polls);
  sigset_t none;
  ::sigemptyset(&none);
  auto limit = time_until(until);
  if (::ppoll(polls.data(), polls.size(), until ? &limit : nullptr, &none) < 0)
    polls.assign(polls.size(), {});
  collect();
  if (polls[1].revents != 0 || status_)
    read_errors();
  if (polls[0].revents != 0 || status_)
    read_output();
  // Its children may keep its output open.
  if (status_)
    end("its process has ended");
  write_some();
  others_.serve();
  return polls[2].revents != 0;
}

void language_client::collect() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (pid == pid_)
      status_ = status;
}

std::optional<int> language_client::wait_status() {
  collect();
  for (int i = 0; i < ending_steps && !status_; ++i) {
    ::usleep(ending_step);
    collect();
  }
  return status_;
}

void language_client::read_output() {
  char part[64 << 10];
  for (int i = 0; i < reads_per_turn && !is_over_; ++i) {
    auto n = ::read(out_, part, sizeof part);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (n <= 0)
      return end("it closed its output");
    bool ok = frames_.feed({part, static_cast<std::size_t>(n)},
                           [this](std::string_view message) { take(message); });
    if (!ok)
      end(frames_.trouble());
  }
}

void language_client::read_errors() {
  char part[4 << 10];
  auto n = ::read(err_, part, sizeof part);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    ::close(err_);
    err_ = -1;
    return;
  }
  errors_.append(part, static_cast<std::size_t>(n));
  if (errors_.size() > errors_kept)
    errors_.erase(0, errors_.size() - errors_kept);
}

void language_client::send(const std::string& message) {
  if (is_over_)
    return;
  if (unsent_.size() + message.size() > unsent_limit)
    return end("it does not read what it is sent");
  unsent_ += frame(message);
  write_some();
}

void language_client::write_some() {
  std::size_t at = 0;
  while (at < unsent_.size()) {
    auto n = ::write(in_, unsent_.data() + at, unsent_.size() - at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      break;
    if (n <= 0) {
      // Its output will say that it has ended, if it has.
      at = unsent_.size();
      break;
    }
    at += static_cast<std::size_t>(n);
  }
  unsent_.erase(0, at);
}

void language_client::take(std::string_view message) {
  if (is_over_)
    return;
  json::parse_options options;
  options.max_depth = deepest_message;
  boost::system::error_code ec;
  auto value = json::parse({message.data(), message.size()}, ec, {}, options);
  if (ec || !value.is_object())
    return end("it wrote what is no JSON object");
  auto& members = value.get_object();
  auto method = text_of(members, "method");
  const auto* id = members.if_contains("id");
  if (id == nullptr)
    return; // it only tells
  if (!method.empty())
    return reply(method, *id, members);
  if (id->is_int64() && id->get_int64() == last_id_)
    answer_ = std::move(members);
}

// What a server may ask of an editor that has neither settings nor windows.
void language_client::reply(std::string_view method, const json::value& id,
                            const json::object& message) {
  std::string result = "null";
  bool knows = method == "window/workDoneProgress/create"
               || method == "client/registerCapability"
               || method == "client/unregisterCapability"
               || method == "workspace/configuration"
               || method == "workspace/workspaceFolders";
  if (method == "workspace/configuration") {
    const auto* params = message.if_contains("params");
    const auto* items = params != nullptr && params->is_object()
                            ? params->get_object().if_contains("items")
                            : nullptr;
    json::array nothing(
        items != nullptr && items->is_array() ? items->get_array().size() : 0);
    result = json::serialize(nothing);
  }
  auto told = knows ? ",\"result\":" + result
                    : std::string{",\"error\":{\"code\":-32601,\"message\":"
                                  "\"not supported\"}"};
  send("{\"jsonrpc\":\"2.0\",\"id\":" + json::serialize(id) + told + "}");
}

void language_client::end(std::string why) {
  if (is_over_)
    return;
  is_over_ = true;
  trouble_ = std::move(why);
}

} // namespace varve::toolbox
