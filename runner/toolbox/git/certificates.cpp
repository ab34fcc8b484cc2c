#include "runner/toolbox/git/certificates.hpp"

#include <cerrno>

#include <sys/mman.h>
#include <unistd.h>

#include "runner/toolbox/git/failure.hpp"
#include "runner/toolbox/git/handle.hpp"

// The file is read by the assembler: no copy of it in the source.
__asm__(".section .rodata\n"
        ".global varve_certificates\n"
        ".global varve_certificates_end\n"
        "varve_certificates:\n"
        ".incbin \"" VARVE_CERTIFICATES "\"\n"
        "varve_certificates_end:\n"
        ".byte 0\n"
        ".previous\n");

extern "C" const char varve_certificates[];
extern "C" const char varve_certificates_end[];

namespace varve::toolbox::git {

namespace {

// Debian and its relatives, Fedora and its relatives, Alpine.
constexpr const char* bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                   "/etc/pki/tls/certs/ca-bundle.crt",
                                   "/etc/ssl/cert.pem"};

outcome<void> load(const char* path) {
  int code = git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, path, nullptr);
  BOOST_OUTCOME_TRYV(checked(code));
  return boost::outcome_v2::success();
}

outcome<void> load_wanted(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0)
    return bad_request("the certificates in " + path
                       + " cannot be read: " + errno_text(errno));
  if (!load(path.c_str()))
    return bad_request("there are no valid certificates in " + path);
  return boost::outcome_v2::success();
}

outcome<void> load_built_in() {
  int fd = ::memfd_create("certificates", MFD_CLOEXEC);
  auto text = built_in_certificates();
  auto written = fd < 0 ? -1 : ::write(fd, text.data(), text.size());
  auto path = "/proc/self/fd/" + std::to_string(fd);
  bool ok = written == static_cast<ssize_t>(text.size())
            && load(path.c_str()).has_value();
  if (fd >= 0)
    ::close(fd);
  if (!ok)
    return internal_failure("the built-in certificates cannot be loaded");
  return boost::outcome_v2::success();
}

} // namespace

std::string_view built_in_certificates() {
  return {varve_certificates, varve_certificates_end};
}

outcome<void> trust_certificates(const guest& g, git_config* settings) {
  for (std::string_view name : {"GIT_SSL_CAINFO", "SSL_CERT_FILE"})
    if (auto path = variable(g.environment, name); !path.empty())
      return load_wanted(std::string{path});
  text_buffer path;
  if (git_config_get_path(path.put(), settings, "http.sslcainfo") == 0)
    return load_wanted(path.c_str());
  for (const auto* bundle : bundles)
    if (::access(bundle, R_OK) == 0 && load(bundle))
      return boost::outcome_v2::success();
  return load_built_in();
}

bool is_verification_off(const guest& g, git_config* settings) {
  if (!variable(g.environment, "GIT_SSL_NO_VERIFY").empty())
    return true;
  int verify = 1;
  return git_config_get_bool(&verify, settings, "http.sslverify") == 0
         && verify == 0;
}

} // namespace varve::toolbox::git
