// GET and POST /git/remotes.
#include "runner/toolbox/git/fields.hpp"
#include "runner/toolbox/git/git.hpp"
#include "runner/toolbox/git/transfer.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::git {

namespace {

outcome<response> list_remotes(exchange& ex) {
  BOOST_OUTCOME_TRY(auto repo, open_queried(ex));
  git_strarray names{};
  BOOST_OUTCOME_TRYV(checked(git_remote_list(&names, repo)));
  std::string out = "{\"remotes\":[";
  for (std::size_t i = 0; i < names.count; ++i) {
    remote one;
    if (git_remote_lookup(one.put(), repo, names.strings[i]) < 0)
      continue;
    const char* url = git_remote_url(one);
    out += out.back() == '[' ? "" : ",";
    out += "{\"name\":" + json_string(names.strings[i])
           + ",\"url\":" + json_string(url == nullptr ? "" : url) + "}";
  }
  git_strarray_dispose(&names);
  return json_response(200, out + "]}");
}

struct wanted_remote {
  std::string name;
  address to;
  bool overwrites = false;
  bool fetches = false;
};

outcome<wanted_remote> read_wanted(const fields& body) {
  wanted_remote out;
  BOOST_OUTCOME_TRY(out.name, body.required("name"));
  BOOST_OUTCOME_TRY(auto url, body.required("url"));
  BOOST_OUTCOME_TRY(out.overwrites, body.flag("overwrite"));
  BOOST_OUTCOME_TRY(out.fetches, body.flag("fetch"));
  BOOST_OUTCOME_TRY(out.to, parse_address(url));
  // It would lie in the repository's configuration for everybody to read.
  if (out.to.given)
    return bad_request("the URL of a remote may hold no credentials: give "
                       "them to /git/credentials, or with each push and pull");
  int valid = 0;
  if (git_remote_name_is_valid(&valid, out.name.c_str()) < 0 || valid == 0)
    return bad_request("'" + out.name + "' is no valid name of a remote");
  return out;
}

outcome<response> make_remote(exchange& ex) {
  BOOST_OUTCOME_TRY(auto body, fields::read(ex));
  BOOST_OUTCOME_TRY(auto path, body.required("path"));
  BOOST_OUTCOME_TRY(auto wanted, read_wanted(body));
  BOOST_OUTCOME_TRY(auto repo, open_repository(ex, path));
  transfer link{ex, repo, {}};
  remote known;
  const char* url = wanted.to.url.c_str();
  const char* name = wanted.name.c_str();
  int code = git_remote_lookup(known.put(), repo, name);
  if (code == 0 && !wanted.overwrites)
    return conflict("there is a remote '" + wanted.name + "' already");
  code = code == 0 ? git_remote_set_url(repo, name, url)
                   : git_remote_create(known.put(), repo, name, url);
  BOOST_OUTCOME_TRYV(checked(code));
  if (!wanted.fetches)
    return done(201);
  BOOST_OUTCOME_TRYV(checked(git_remote_lookup(known.put(), repo, name)));
  BOOST_OUTCOME_TRYV(link.open(wanted.to));
  BOOST_OUTCOME_TRYV(link.fetch(known, {}));
  return done(201);
}

} // namespace

void remotes(exchange& ex) {
  serve(ex, list_remotes);
}

void add_remote(exchange& ex) {
  serve(ex, make_remote);
}

} // namespace varve::toolbox::git
