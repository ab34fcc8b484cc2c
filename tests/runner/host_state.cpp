#include "tests/runner/host_state.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include <catch2/catch.hpp>

#include "runner/kernel/files.hpp"

namespace varve::runner {

namespace {

namespace fs = std::filesystem;

using lines = std::vector<std::string>;

std::string instance_of(const config& settings) {
  auto text = read_file(settings.data_dir + "/instance");
  REQUIRE(text);
  return text.value().substr(0, 6);
}

void add_matching(lines& out, const std::string& file,
                  const std::string& word) {
  auto text = read_file(file, 16 << 20);
  REQUIRE(text);
  std::istringstream in{text.value()};
  for (std::string line; std::getline(in, line);)
    if (line.find(word) != std::string::npos)
      out.push_back(file + ": " + line);
}

void add_tree(lines& out, const std::string& root) {
  std::error_code ec;
  for (fs::recursive_directory_iterator it{root, ec}, end; it != end;
       it.increment(ec)) {
    auto path = it->path().string();
    if (path == root + "/journal" || path == root + "/images"
        || path == root + "/disks")
      it.disable_recursion_pending();
    out.push_back(path);
  }
}

// Those of sandboxes: images made in advance come and go.
void add_loops(lines& out, const config& settings) {
  auto names = list_directory("/sys/block");
  REQUIRE(names);
  for (auto& name : names.value()) {
    auto file = read_file("/sys/block/" + name + "/loop/backing_file");
    if (file && file.value().rfind(settings.data_dir + "/sandboxes/", 0) == 0)
      out.push_back("loop: " + file.value());
  }
}

void add_rules(lines& out, const std::string& instance) {
  auto command = "nft list table inet varve_" + instance + " 2>&1";
  auto* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char line[512];
  while (std::fgets(line, sizeof line, pipe) != nullptr)
    out.push_back(std::string{"nft: "} + line);
  ::pclose(pipe);
}

void add_processes(lines& out, const std::string& instance) {
  auto names = list_directory("/proc");
  REQUIRE(names);
  for (auto& name : names.value()) {
    auto command = read_file("/proc/" + name + "/cmdline");
    if (command && command.value().find(instance) != std::string::npos)
      out.push_back("process: " + command.value().substr(0, 60));
  }
}

} // namespace

std::vector<std::string> host_state(const config& settings) {
  lines out;
  auto instance = instance_of(settings);
  add_matching(out, "/proc/self/mountinfo", instance);
  add_matching(out, "/proc/net/dev", "v" + instance);
  add_matching(out, "/proc/net/route", "v" + instance);
  add_loops(out, settings);
  add_rules(out, instance);
  add_processes(out, instance);
  add_tree(out, settings.data_dir);
  add_tree(out, settings.run_dir);
  auto hierarchies = list_directory("/sys/fs/cgroup");
  REQUIRE(hierarchies);
  add_tree(out, "/sys/fs/cgroup/varve-" + instance);
  for (auto& name : hierarchies.value())
    add_tree(out, "/sys/fs/cgroup/" + name + "/varve-" + instance);
  std::sort(out.begin(), out.end());
  return out;
}

std::string changes(const std::vector<std::string>& before,
                    const std::vector<std::string>& after) {
  std::string out;
  auto add = [&](const lines& from, const lines& without, const char* mark) {
    lines only;
    std::set_difference(from.begin(), from.end(), without.begin(),
                        without.end(), std::back_inserter(only));
    for (auto& line : only)
      out += mark + line + "\n";
  };
  add(before, after, "- ");
  add(after, before, "+ ");
  return out;
}

std::size_t count_descriptors() {
  auto names = list_directory("/proc/self/fd");
  REQUIRE(names);
  return names.value().size();
}

} // namespace varve::runner
