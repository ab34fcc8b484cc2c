// What a command's code says of its charts: a line of JSON each, written to a
// descriptor of its own. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "runner/toolbox/budget.hpp"

namespace varve::toolbox {

class chart_pipe : public std::enable_shared_from_this<chart_pipe> {
 public:
  static constexpr std::size_t limit = 8 << 20; // bytes of one command

  // Begins to read, and keeps what fits the limit and the budget; then the
  // writer's end breaks.
  static std::shared_ptr<chart_pipe> read(boost::asio::io_context& io,
                                          memory_budget& memory, int fd);

  chart_pipe(boost::asio::io_context& io, memory_budget& memory, int fd);

  // The objects that came whole. Nothing more is read.
  std::vector<std::string> finish();

 private:
  void read_more();
  bool read_some();

  boost::asio::posix::stream_descriptor pipe_;
  budget_share share_;
  std::string text_;
};

} // namespace varve::toolbox
