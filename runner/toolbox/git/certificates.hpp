// Which certificate authorities a TLS connection to a remote trusts.
#pragma once

#include <string_view>

#include <git2.h>

#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/problem.hpp"

namespace varve::toolbox::git {

// Debian's bundle of Mozilla's authorities, in PEM, as of the build.
std::string_view built_in_certificates();

// The first of: GIT_SSL_CAINFO or SSL_CERT_FILE of the sandbox's environment,
// http.sslCAInfo of the configuration, the image's own bundle, the built-in
// one. One that was asked for and cannot be read is a problem.
outcome<void> trust_certificates(const guest& g, git_config* settings);

// GIT_SSL_NO_VERIFY, or http.sslVerify=false.
bool is_verification_off(const guest& g, git_config* settings);

} // namespace varve::toolbox::git
