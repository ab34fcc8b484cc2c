// From a Dockerfile to the image store.
//
// Images that it names are fetched by the host, with what it knows about
// registries. Everything else is done in a cell: root of a user namespace, in a
// network like a sandbox's, in a file system of the organization's own, with
// limits on processor, memory, processes, disk and time. What comes out is an
// image layout, which is checked and unpacked like any that was pulled.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "events/base/result.hpp"
#include "runner/builder/build_limits.hpp"
#include "runner/images/puller.hpp"
#include "runner/network/address_plan.hpp"
#include "runner/sandbox/cgroups.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

// What builds share. Lives as long as they; read only.
struct build_means {
  const layout& where;
  const address_plan& addresses;
  const cgroups& groups;
  std::string cell_path; // empty: no builds here
  std::string runtime;   // crun
  std::string contexts_dir;
  build_limits limits;
};

struct build_request {
  std::string organization_id;
  std::string name; // of the image that is made
  std::string dockerfile;
  std::vector<std::string> context_hashes;
};

// One build. Blocks; any thread.
class builder {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  // `pulls` fetches what it needs; `place` is a number that no other build has
  // at the same time, below `places`.
  static constexpr unsigned places = 2;
  builder(image_store& store, const build_means& means, puller& pulls,
          build_request what, time_point until, int cancel)
      : store_(store), means_(means), pulls_(pulls), what_(std::move(what)),
        until_(until), cancel_(cancel) {
    // nop
  }

  // Says each line of what is said.
  std::function<void(const std::string&)> say = [](const std::string&) {};

  // The digest of all that goes into it: Dockerfile, contexts, images as they
  // are now. Errors: invalid, not_found, and those of puller.
  result<std::string> resolve();

  // The image is in the store when this succeeds. Errors: runner_failed with
  // what a build said last, timed_out, shutting_down (also when `cancel` is
  // readable), too_large.
  result<image> build(unsigned place);

 private:
  struct base {
    std::string name;
    std::string digest;
  };

  result<void> find_bases();
  std::string context_file(const std::string& hash) const;
  result<void> lay_out_bases(const std::string& folder);
  result<void> bring_contexts(const std::string& space, std::uint32_t owner);
  result<void> run_cell(unsigned place, const std::string& space,
                        const std::string& bases);
  result<void> run_tool_in_cell(std::vector<std::string> argv,
                                const std::string& id);
  result<image> take_result(const std::string& space);

  image_store& store_;
  const build_means& means_;
  puller& pulls_;
  build_request what_;
  time_point until_;
  int cancel_;
  std::vector<base> bases_;
  std::string key_;
};

} // namespace varve::runner
