// Where operations that ask for a build are executed: at most one build at a
// time of what is the same, whose result all who asked get.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runner/builder/builder.hpp"
#include "runner/host/worker_pool.hpp"
#include "runner/images/login_file.hpp"
#include "runner/kernel/unique_fd.hpp"
#include "runner/operations/machine.hpp"
#include "schemas/operation_generated.h"

namespace varve::runner {

// Any thread.
class build_desk {
 public:
  // What becomes of an operation: the image, or why there is none.
  using ending = std::function<void(const schema::OperationT&, result<image>)>;

  // `ended` is called on a worker, once per operation, but for those that were
  // abandoned or cut off by close(). Both outlive the desk.
  build_desk(const machine& host, registry_access access, ending ended);
  ~build_desk(); // close()

  void submit(schema::OperationT operation);

  // Nobody wants it any more: the build ends unless others wait for it.
  void abandon(const std::string& owner);

  // The digest of all that goes into it.
  result<std::string> resolve(const schema::OperationT& operation,
                              std::chrono::steady_clock::time_point until,
                              int cancel);

  // Ends builds that are under way.
  void close();

 private:
  struct job;
  using job_ptr = std::shared_ptr<job>;

  void work(const job_ptr& which);
  result<image> build(const job_ptr& which);
  void say(const job_ptr& which, const std::string& line);
  unsigned take_place();
  void drop_expired(const job_ptr& which);

  const machine& host_;
  registry_access access_;
  build_means means_;
  ending ended_;
  std::mutex guard_;
  std::list<job_ptr> jobs_;
  unsigned places_taken_ = 0; // a bit each
  bool is_closed_ = false;
  worker_pool workers_;
};

// Whose snapshot or sandbox it is about.
const std::string& owner_of(const schema::OperationT& operation) noexcept;
std::vector<registry_login> logins_of(const schema::OperationT& operation);

} // namespace varve::runner
