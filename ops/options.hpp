// The command line of `varve`.
#pragma once

#include <string>
#include <vector>

#include "events/base/result.hpp"

namespace varve::ops {

// What of the past is wanted; every text empty without its option.
struct selection {
  // Of `varve log`: record_filter.
  std::string aggregate, organization, event, cause, since, until;
  std::size_t limit = 20; // of tail
  // Of `varve replay`.
  std::string at, sandbox;
  // Of `varve log copy`: embedded://DIR or kafka://...
  std::string from, to;
  bool check = false;

  bool selects_records() const noexcept;
};

struct options {
  std::string verb;                   // "serve", "key", "log", ...
  std::vector<std::string> arguments; // what follows the verb

  std::string data_dir = "/var/lib/varve";
  std::string run_dir; // empty: /run/varve/<instance>
  std::string listen = "127.0.0.1:3986";
  std::string public_url; // empty: from the request's Host
  std::string tls_cert;
  std::string tls_key;
  std::string log = "embedded"; // or kafka://...
  std::string log_settings;     // a file of librdkafka's; empty: none
  std::string toolbox_path;     // empty: beside this binary
  std::string monitor_path;
  std::string unpack_path;
  std::string cell_path;
  std::string registries_conf; // empty: the host's
  std::string registry_auth;
  std::string runtime = "auto";    // auto, crun, runc or a path
  std::string disk_limit = "auto"; // auto, quota, image or none
  std::string log_level = "info";
  unsigned concurrent_starts = 4;
  unsigned warm_count = 0;          // started sandboxes that wait
  unsigned warm_memory_mib = 512;   // that those may take together
  unsigned build_seconds = 25 * 60; // the most that a build takes
  unsigned build_cpus = 2;
  unsigned build_memory_mib = 2048;
  unsigned build_disk_gib = 20;
  selection wanted;
  bool help = false;
};

// Errors: invalid, with the text a user needs.
result<options> parse_options(int argc, char** argv);
std::string usage();

} // namespace varve::ops
