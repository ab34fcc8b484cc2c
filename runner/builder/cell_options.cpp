#include "runner/builder/cell_options.hpp"

#include <cstdlib>
#include <string_view>

namespace varve::runner {

namespace {

std::uint32_t number(const std::string& text) {
  return static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
}

struct text_option {
  std::string_view name;
  std::string cell_options::*target;
};

constexpr text_option texts[] = {
    {"--id", &cell_options::id},       {"--run", &cell_options::run},
    {"--space", &cell_options::space}, {"--bases", &cell_options::bases},
    {"--link", &cell_options::link},   {"--runtime", &cell_options::runtime},
    {"--state", &cell_options::state}};

struct number_option {
  std::string_view name;
  std::uint32_t cell_options::*target;
};

constexpr number_option numbers[] = {{"--address", &cell_options::address},
                                     {"--gateway", &cell_options::gateway},
                                     {"--uid-base", &cell_options::uid_base}};

bool take(cell_options& out, std::string_view name, const std::string& value) {
  if (name == "--group") {
    out.groups.push_back(value);
    return true;
  }
  for (const auto& it : texts)
    if (it.name == name) {
      out.*it.target = value;
      return true;
    }
  for (const auto& it : numbers)
    if (it.name == name) {
      out.*it.target = number(value);
      return true;
    }
  return false;
}

} // namespace

std::vector<std::string>
cell_options::to_arguments(const std::string& program) const {
  std::vector<std::string> out{program};
  for (const auto& it : texts)
    out.push_back(std::string{it.name} + "=" + this->*it.target);
  for (const auto& it : numbers)
    out.push_back(std::string{it.name} + "="
                  + std::to_string(this->*it.target));
  for (const auto& group : groups)
    out.push_back("--group=" + group);
  return out;
}

result<cell_options> cell_options::parse(int argc, char** argv) {
  cell_options out;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument{argv[i]};
    auto equals = argument.find('=');
    if (equals == std::string_view::npos
        || !take(out, argument.substr(0, equals),
                 std::string{argument.substr(equals + 1)}))
      return failure(errc::invalid,
                     "no option of varve-cell: " + std::string{argument});
  }
  return out;
}

} // namespace varve::runner
