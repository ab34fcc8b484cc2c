#include "runner/network/foreign_firewall.hpp"

#include "runner/kernel/process.hpp"

namespace varve::runner {

namespace {

constexpr std::chrono::milliseconds limit{10'000};

// $1 is the links' prefix. Without iptables there is nothing to pass, and a
// listing that fails means tables iptables does not manage.
constexpr const char* pass = R"(
command -v iptables >/dev/null || exit 0
iptables -w 5 -S FORWARD 2>/dev/null | grep -q '^-P FORWARD DROP' || exit 0
for side in -i -o; do
  iptables -w 5 -C FORWARD $side "$1+" -j ACCEPT 2>/dev/null ||
    iptables -w 5 -I FORWARD $side "$1+" -j ACCEPT
done
)";

constexpr const char* unpass = R"(
command -v iptables >/dev/null || exit 0
iptables -w 5 -S FORWARD 2>/dev/null | grep -q -- "$1+" || exit 0
for side in -i -o; do
  while iptables -w 5 -D FORWARD $side "$1+" -j ACCEPT 2>/dev/null; do :; done
done
)";

result<void> run_script(const char* script, const std::string& prefix) {
  auto done = run_program({"sh", "-c", script, "sh", prefix}, "", limit);
  if (!done)
    return prefixed("iptables", done.error());
  return ok();
}

} // namespace

result<void> pass_foreign_firewall(const std::string& link_prefix) {
  return run_script(pass, link_prefix);
}

result<void> unpass_foreign_firewall(const std::string& link_prefix) {
  return run_script(unpass, link_prefix);
}

} // namespace varve::runner
