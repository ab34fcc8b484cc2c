// Where operations on images are executed: they belong to no sandbox's actor,
// and need no journal.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "runner/host/build_desk.hpp"
#include "runner/host/runner_host.hpp"
#include "runner/host/worker_pool.hpp"
#include "runner/images/puller.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/operations/runner_config.hpp"

namespace varve::runner {

bool is_of_images(schema::OperationKind kind) noexcept;

// Any thread. Outcomes go to the sink, whose answer nobody waits for: what was
// lost is asked for again and found done.
class image_desk {
 public:
  static result<std::unique_ptr<image_desk>> open(const machine& host,
                                                  report_sink& sink);
  ~image_desk(); // close()

  // One that is in work already is not begun again.
  void submit(schema::OperationT operation);

  // This snapshot or sandbox wants no image any more: a build that is made for
  // it alone ends.
  void abandon(const std::string& owner) {
    builds_->abandon(owner);
  }

  // Ends pulls and builds that are under way; they stay owed.
  void close();

 private:
  image_desk(const machine& host, report_sink& sink);

  void execute(const schema::OperationT& operation);
  void built(const schema::OperationT& operation, result<image> made);
  void answer(const schema::OperationT& operation, schema::OutcomeT out,
              result<void> done);
  result<void> perform(const schema::OperationT& operation,
                       schema::OutcomeT& out);
  result<void> pull(puller& with, const schema::OperationT& operation,
                    schema::OutcomeT& out);
  result<void> hand_out(const schema::OperationT& operation, const image& made,
                        schema::OutcomeT& out);
  void forget(const std::string& operation_id);

  const machine& host_;
  image_store& store_;
  registry_access access_;
  report_sink& sink_;
  unique_fd cancel_read_, cancel_write_;
  std::mutex guard_;
  std::set<std::string> in_work_;
  std::unique_ptr<build_desk> builds_;
  worker_pool workers_;
};

} // namespace varve::runner
