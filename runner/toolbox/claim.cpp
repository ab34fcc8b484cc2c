#include "runner/toolbox/claim.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

namespace {

std::string choose_workdir(const guest_config& config, const identity& who) {
  struct stat st {};
  for (const auto& folder : {config.workdir, who.home})
    if (folder.starts_with('/') && ::stat(folder.c_str(), &st) == 0
        && S_ISDIR(st.st_mode))
      return folder;
  return "/";
}

} // namespace

void take_identity(guest& g) {
  g.who = find_identity(g.config.user, image_users(), image_groups());
  if (::geteuid() != 0)
    g.who.uid = ::geteuid(); // run by hand: nobody else can be become
  if (!g.who.note.empty())
    log_warning("toolbox", g.who.note);
  g.workdir = choose_workdir(g.config, g.who);
  g.environment = base_environment(g.config, g.who);
}

outcome<response> claim(guest& g, std::string_view body) {
  if (!is_unclaimed(g))
    return conflict("the sandbox is somebody's already");
  auto config = parse_guest_config(body);
  if (!config)
    return invalid_body(config.error().detail);
  g.config = std::move(config.value());
  take_identity(g);
  return describe_version(g);
}

response describe_claim(const guest& g) {
  return json_response(200, is_unclaimed(g) ? "{\"waits\":true}"
                                            : "{\"waits\":false}");
}

response describe_version(const guest& g) {
  std::string out =
      "{\"version\":\"v" VARVE_VERSION "\",\"user\":" + json_string(g.who.name);
  if (!g.who.note.empty())
    out += ",\"note\":" + json_string(g.who.note);
  return json_response(200, out + "}");
}

} // namespace varve::toolbox
