// One connection's life, for server.cpp and the connection's own sources.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "runner/toolbox/routes.hpp"
#include "runner/toolbox/server.hpp"

namespace varve::toolbox {

using local_stream =
    boost::beast::basic_stream<boost::asio::local::stream_protocol>;

template <class T>
using awaitable = boost::asio::awaitable<T>;

struct errand_process;
class websocket_link;
class wakeup;
struct session_target;
struct session_command;
class session;
class terminal;
class language_server;
struct language;
struct lsp_request;
enum class lsp_verb;
class interpreter_context;
class execution;
struct command_record;
enum class log_form;
enum class output_style;

// Errands of one kind: so many at a time, others wait their turn.
struct errand_line {
  unsigned taken = 0;
  std::list<wakeup*> waiting;
};

// Counted over all connections of a server.
struct server_load {
  unsigned connections = 0;
  unsigned requests = 0;
  errand_line errands;
  errand_line searches; // what takes long keeps no other errand waiting
  errand_line repositories;
  errand_line starts; // of commands: each fork takes a while
};

class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(runtime& rt, server_load& load, server_limits limits,
             boost::asio::local::stream_protocol::socket socket);
  ~connection();

  // Until the client leaves, is idle for too long or breaks the protocol.
  awaitable<void> serve();

 private:
  using parser =
      boost::beast::http::request_parser<boost::beast::http::buffer_body>;

  // These return whether the connection can take another request.
  awaitable<bool> serve_one();
  awaitable<bool> dispatch();
  awaitable<bool> refuse_malformed(boost::system::error_code why);
  awaitable<bool> respond(response what);
  awaitable<bool> respond(problem p);
  awaitable<bool> serve_command(duty kind);
  awaitable<bool> write_outcome(const command_outcome& done);
  awaitable<bool> serve_errand(const route& where);
  awaitable<bool> serve_repository(errand_handler handler);
  awaitable<bool> serve_setting(route where);
  awaitable<bool> serve_session();
  result<std::shared_ptr<errand_process>> start_errand(errand_handler handler);
  awaitable<bool> relay_errand(std::shared_ptr<errand_process> process,
                               std::chrono::minutes silence);
  // Asks the errand to end when the client leaves, until `unwatch_client`.
  void watch_client(const std::shared_ptr<errand_process>& process);
  void unwatch_client();

  // Of sessions, in connection_sessions.cpp.
  awaitable<outcome<std::string>> read_session_body();
  awaitable<bool> create_session();
  awaitable<bool> delete_session(std::shared_ptr<session> which);
  awaitable<bool> run_in_session(std::shared_ptr<session> where);
  awaitable<bool> give_input(session& where, session_command& to);
  awaitable<bool> send_logs(std::shared_ptr<session_command> of,
                            bool of_entrypoint);
  awaitable<bool> follow_logs(std::shared_ptr<session_command> of,
                              log_form form, std::uint64_t offset);
  awaitable<bool> stream_logs(std::shared_ptr<session_command> of,
                              log_form form, std::uint64_t offset,
                              bool follows);
  awaitable<bool> write_logs(std::shared_ptr<session_command> of, int status,
                             std::string opening, std::string closing,
                             output_style style, std::uint64_t offset);
  // Of terminals, in connection_terminals.cpp.
  awaitable<bool> serve_terminal();
  awaitable<bool> create_terminal();
  awaitable<bool> resize_terminal(std::shared_ptr<terminal> which);
  awaitable<bool> connect_terminal(std::string id);
  awaitable<void> view_terminal(std::shared_ptr<terminal> of,
                                std::shared_ptr<websocket_link> link);
  // That of the query where there is no id.
  outcome<std::shared_ptr<terminal>>
  find_or_make_terminal(const std::string& id);
  // Of the code interpreter, in connection_interpreter.cpp.
  awaitable<bool> serve_interpreter();
  awaitable<bool> create_context();
  awaitable<bool> delete_context(std::shared_ptr<interpreter_context> which);
  awaitable<bool> run_in_interpreter();
  outcome<std::shared_ptr<execution>>
  start_execution(const std::optional<std::string>& message);
  // Of what was started, in connection_processes.cpp.
  awaitable<bool> serve_process();
  awaitable<bool> end_command(std::shared_ptr<command_record> which);
  awaitable<bool> send_output(std::shared_ptr<command_record> of);
  // The link that the connection has become; null when it broke.
  awaitable<std::shared_ptr<websocket_link>> upgrade(std::string subprotocol,
                                                     std::size_t limit);

  // Of language servers, in connection_languages.cpp.
  awaitable<bool> serve_languages();
  awaitable<outcome<lsp_request>> read_lsp_request(lsp_verb verb);
  awaitable<bool> start_language(const language& of, std::string project,
                                 std::shared_ptr<language_server> server);
  awaitable<bool> stop_language(std::shared_ptr<language_server> server);
  awaitable<bool> ask_language(std::shared_ptr<language_server> server,
                               std::string packed);
  awaitable<bool> relay_exactly(local_stream& from, std::uint64_t size);

  bool take_request();
  void take_upgrade();
  awaitable<bool> write(std::string_view bytes);
  // Body bytes, 0 at its end; nullopt when the connection broke.
  awaitable<std::optional<std::size_t>> read_body(char* out, std::size_t size);
  awaitable<outcome<std::string>> read_whole_body(std::size_t limit,
                                                  budget_share& share);
  awaitable<outcome<command>> read_command(duty kind);
  awaitable<bool> drain_body();
  awaitable<std::shared_ptr<command_outcome>> run(command c);
  awaitable<bool> wait_for_turn(errand_line& line, unsigned places);
  awaitable<bool> relay_body(local_stream& errand, std::vector<char>& buffer);
  // Bytes passed on; nullopt when the client is gone.
  awaitable<std::optional<std::uint64_t>>
  relay_answer(local_stream& errand, std::vector<char>& buffer,
               std::chrono::minutes silence);

  runtime& rt_;
  server_load& load_;
  server_limits limits_;
  local_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<parser> parser_;
  request request_;
  bool is_broken_ = false; // its body did not come to its end
};

} // namespace varve::toolbox
