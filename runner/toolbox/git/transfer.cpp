#include "runner/toolbox/git/transfer.hpp"

#include <algorithm>

#include "runner/toolbox/accounts.hpp"
#include "runner/toolbox/git/certificates.hpp"
#include "runner/toolbox/git/credential_store.hpp"
#include "runner/toolbox/git/interruption.hpp"

namespace varve::toolbox::git {

// What the library calls while it works; below 0 ends it.
struct transfer_callbacks {
  static transfer& of(void* payload) {
    return *static_cast<transfer*>(payload);
  }
  static int go_on() {
    note_progress();
    return is_interrupted() ? GIT_EUSER : 0;
  }
  static int sign_in(git_credential** out, const char*, const char*,
                     unsigned kinds, void* payload) {
    return of(payload).sign_in(out, kinds);
  }
  static int certificate(git_cert*, int, const char*, void* payload) {
    return of(payload).skips_certificate_ ? 0 : GIT_PASSTHROUGH;
  }
  static int transport(git_transport** out, git_remote* owner, void* payload) {
    return make_shallow_transport(out, owner, &of(payload).shallow_);
  }
  static int said(const char*, int, void*) {
    return go_on();
  }
  static int received(const git_indexer_progress*, void*) {
    return go_on();
  }
  static int packed(int, std::uint32_t, std::uint32_t, void*) {
    return go_on();
  }
  static int sent(unsigned, unsigned, std::size_t, void*) {
    return go_on();
  }
  static int updated(const char* name, const char* trouble, void* payload) {
    if (trouble != nullptr)
      of(payload).refused_.push_back(short_name(name) + ": " + trouble);
    return 0;
  }
};

namespace {

git_strarray array_of(std::vector<std::string>& texts,
                      std::vector<char*>& pointers) {
  for (auto& text : texts)
    pointers.push_back(text.data());
  return {pointers.data(), pointers.size()};
}

problem refusal(const std::vector<std::string>& said) {
  std::string all;
  for (const auto& one : said)
    all += (all.empty() ? "" : "; ") + without_credentials(one);
  for (std::string_view behind : {"non-fast-forward", "fetch first", "stale",
                                  "failed to update ref", "needs force"})
    if (all.find(behind) != std::string::npos)
      return push_rejected(all);
  return remote_rejected(all);
}

} // namespace

transfer::transfer(exchange& ex, git_repository* repo,
                   std::optional<login> given)
    : ex_{ex}, repo_{repo} {
  if (given)
    logins_.push_back(std::move(*given));
}

outcome<void> transfer::open(const address& to) {
  to_ = to;
  BOOST_OUTCOME_TRYV(
      checked(git_repository_config_snapshot(settings_.put(), repo_)));
  if (logins_.empty())
    if (auto known = stored_login())
      logins_.push_back(std::move(*known));
  BOOST_OUTCOME_TRY(shallow_.at, read_boundary(repo_));
  if (!to_.scheme.starts_with("http"))
    return boost::outcome_v2::success();
  if (is_verification_off(ex_.sandbox(), settings_))
    skips_certificate_ = true;
  if (skips_certificate_)
    return boost::outcome_v2::success();
  return trust_certificates(ex_.sandbox(), settings_);
}

std::optional<login> transfer::stored_login() const {
  for (const auto& path : credential_files(ex_.sandbox()))
    if (auto text = read_small_file(path.c_str(), credential_file_limit))
      if (auto found = find_login(text.value(), to_))
        return found;
  return std::nullopt;
}

outcome<void> transfer::limit_depth(int depth) {
  if (depth > 0 && !to_.scheme.starts_with("http"))
    return bad_request("depth needs an http or https URL");
  shallow_.depth = depth;
  return boost::outcome_v2::success();
}

// http.lowSpeedTime is git's own name for it.
std::chrono::seconds transfer::silence() const {
  std::int32_t wanted = 0;
  if (git_config_get_int32(&wanted, settings_, "http.lowspeedtime") == 0
      && wanted > 0)
    return std::min(std::chrono::seconds{wanted},
                    std::chrono::seconds{time_limit});
  return silence_limit;
}

int transfer::sign_in(git_credential** out, unsigned kinds) {
  if (logins_.empty() || (kinds & GIT_CREDENTIAL_USERPASS_PLAINTEXT) == 0) {
    git_error_set_str(GIT_ERROR_HTTP, was_refused_
                                          ? "the remote refused the credentials"
                                          : "the remote asks for credentials");
    return GIT_EAUTH;
  }
  auto next = std::move(logins_.back());
  logins_.pop_back();
  was_refused_ = true; // when it is asked again
  return git_credential_userpass_plaintext_new(out, next.user.c_str(),
                                               next.password.c_str());
}

transfer::callbacks transfer::make_callbacks() {
  using calls = transfer_callbacks;
  callbacks out = GIT_REMOTE_CALLBACKS_INIT;
  out.payload = this;
  out.credentials = calls::sign_in;
  out.certificate_check = calls::certificate;
  out.sideband_progress = calls::said;
  out.transfer_progress = calls::received;
  out.pack_progress = calls::packed;
  out.push_transfer_progress = calls::sent;
  out.push_update_reference = calls::updated;
  if (to_.scheme.starts_with("http")
      && (shallow_.depth > 0 || !shallow_.at.empty()))
    out.transport = calls::transport;
  return out;
}

// The library would give a login to whichever host asks for it.
git_remote_redirect_t transfer::redirects() const {
  return logins_.empty() && !was_refused_ ? GIT_REMOTE_REDIRECT_INITIAL
                                          : GIT_REMOTE_REDIRECT_NONE;
}

outcome<void> transfer::finished(int code) {
  end_silence_limit();
  if (auto why = interruption())
    return std::move(*why);
  BOOST_OUTCOME_TRYV(checked(code));
  return boost::outcome_v2::success();
}

outcome<void> transfer::connect(git_remote* to, git_direction direction) {
  limit_silence(silence());
  git_remote_connect_options options = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  options.callbacks = make_callbacks();
  options.proxy_opts.type = GIT_PROXY_AUTO;
  options.follow_redirects = redirects();
  return finished(git_remote_connect_ext(to, direction, &options));
}

outcome<std::optional<git_oid>> transfer::find(git_remote* at,
                                               const std::string& name) {
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  BOOST_OUTCOME_TRYV(checked(git_remote_ls(&heads, &count, at)));
  for (std::size_t i = 0; i < count; ++i)
    if (name == heads[i]->name)
      return std::optional{heads[i]->oid};
  return std::optional<git_oid>{};
}

outcome<void> transfer::fetch(git_remote* from,
                              std::vector<std::string> specs) {
  limit_silence(silence());
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = make_callbacks();
  options.proxy_opts.type = GIT_PROXY_AUTO;
  options.follow_redirects = redirects();
  std::vector<char*> pointers;
  auto wanted = array_of(specs, pointers);
  BOOST_OUTCOME_TRYV(finished(git_remote_fetch(
      from, specs.empty() ? nullptr : &wanted, &options, nullptr)));
  if (shallow_.depth == 0)
    return boost::outcome_v2::success();
  BOOST_OUTCOME_TRYV(write_boundary(repo_, shallow_.at));
  return end_history_at_boundary(repo_);
}

outcome<void> transfer::push(git_remote* to, const std::string& spec) {
  limit_silence(silence());
  git_push_options options = GIT_PUSH_OPTIONS_INIT;
  options.callbacks = make_callbacks();
  options.proxy_opts.type = GIT_PROXY_AUTO;
  options.follow_redirects = redirects();
  std::vector<std::string> specs{spec};
  std::vector<char*> pointers;
  auto wanted = array_of(specs, pointers);
  BOOST_OUTCOME_TRYV(finished(git_remote_push(to, &wanted, &options)));
  if (!refused_.empty())
    return refusal(refused_);
  return boost::outcome_v2::success();
}

outcome<address> address_of(git_remote* of) {
  const char* url = git_remote_url(of);
  if (url == nullptr)
    return bad_request("the remote has no URL");
  return parse_address(url);
}

outcome<remote> find_remote(git_repository* repo, const std::string& name) {
  remote out;
  int code = git_remote_lookup(out.put(), repo, name.c_str());
  if (code == GIT_ENOTFOUND)
    return not_found("there is no remote '" + name + "'");
  BOOST_OUTCOME_TRYV(checked(code));
  return out;
}

} // namespace varve::toolbox::git
