// The command line of varve-cell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

struct cell_options {
  std::string id;
  std::string run;   // its run-time directory, with config.json, etc, files
  std::string space; // directory for all that it writes
  std::string bases; // directory of the images it may use
  std::string link;  // name of the host's end of the veth
  std::uint32_t address = 0;
  std::uint32_t gateway = 0;
  std::uint32_t uid_base = 0;
  std::string runtime;             // program
  std::string state;               // directory of the runtime's own state
  std::vector<std::string> groups; // control groups to join

  std::vector<std::string> to_arguments(const std::string& program) const;
  static result<cell_options> parse(int argc, char** argv);
};

} // namespace varve::runner
