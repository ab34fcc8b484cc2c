#include "runner/monitor/monitor_options.hpp"

#include <cstdlib>
#include <string_view>

namespace varve::runner {

namespace {

std::uint32_t number(const std::string& text) {
  return static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
}

} // namespace

std::vector<std::string>
monitor_options::to_arguments(const std::string& program) const {
  std::vector<std::string> out{program,
                               "--id=" + id,
                               "--run=" + run,
                               "--files=" + files,
                               "--link=" + link,
                               "--address=" + std::to_string(address),
                               "--gateway=" + std::to_string(gateway),
                               "--uid-base=" + std::to_string(uid_base),
                               "--runtime=" + runtime,
                               "--state=" + state};
  for (auto& layer : layers)
    out.push_back("--layer=" + layer);
  if (disk_mount)
    out.emplace_back("--disk-mount=1");
  if (runtime_cgroups)
    out.emplace_back("--runtime-cgroups=1");
  for (auto& controller : controllers)
    out.push_back("--controller=" + controller);
  return out;
}

result<monitor_options> monitor_options::parse(int argc, char** argv) {
  monitor_options out;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument{argv[i]};
    auto equals = argument.find('=');
    if (equals == std::string_view::npos)
      return failure(errc::invalid,
                     "not --name=value: " + std::string{argv[i]});
    auto name = argument.substr(0, equals);
    std::string value{argument.substr(equals + 1)};
    if (name == "--id")
      out.id = value;
    else if (name == "--run")
      out.run = value;
    else if (name == "--layer")
      out.layers.push_back(value);
    else if (name == "--files")
      out.files = value;
    else if (name == "--link")
      out.link = value;
    else if (name == "--address")
      out.address = number(value);
    else if (name == "--gateway")
      out.gateway = number(value);
    else if (name == "--uid-base")
      out.uid_base = number(value);
    else if (name == "--runtime")
      out.runtime = value;
    else if (name == "--state")
      out.state = value;
    else if (name == "--runtime-cgroups")
      out.runtime_cgroups = value == "1";
    else if (name == "--disk-mount")
      out.disk_mount = value == "1";
    else if (name == "--controller")
      out.controllers.push_back(value);
    else
      return failure(errc::invalid, "unknown option " + std::string{name});
  }
  if (out.id.empty() || out.run.empty() || out.runtime.empty())
    return failure(errc::invalid, "--id, --run and --runtime are needed");
  return out;
}

} // namespace varve::runner
