#include <cstdio>

#include "ops/commands.hpp"
#include "ops/options.hpp"

namespace {

int report(const varve::result<void>& outcome) {
  if (outcome)
    return 0;
  std::fprintf(stderr, "varve: %s\n", outcome.error().detail.c_str());
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  using namespace varve::ops;
  auto parsed = parse_options(argc, argv);
  if (!parsed) {
    std::fprintf(stderr, "varve: %s\n", parsed.error().detail.c_str());
    return 2;
  }
  const auto& chosen = parsed.value();
  if (chosen.help || chosen.verb.empty()) {
    std::fputs(usage().c_str(), chosen.help ? stdout : stderr);
    return chosen.help ? 0 : 2;
  }
  if (auto* run = find_command(chosen.verb))
    return report(run(chosen));
  std::fprintf(stderr, "varve: unknown command '%s'; see varve --help\n",
               chosen.verb.c_str());
  return 2;
}
