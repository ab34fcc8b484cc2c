// Debian's libgit2 can sign in with Kerberos, of which there is no static
// library: here it is a mechanism that is never available.
extern "C" {

extern const void* const GSS_C_NT_HOSTBASED_SERVICE;
const void* const GSS_C_NT_HOSTBASED_SERVICE = nullptr;

namespace {
constexpr unsigned unavailable = 16u << 16; // GSS_S_UNAVAILABLE
}

unsigned gss_delete_sec_context(...);
unsigned gss_display_status(...);
unsigned gss_import_name(...);
unsigned gss_indicate_mechs(...);
unsigned gss_init_sec_context(...);
unsigned gss_release_buffer(...);
unsigned gss_release_name(...);
unsigned gss_release_oid_set(...);

unsigned gss_delete_sec_context(...) {
  return unavailable;
}
unsigned gss_display_status(...) {
  return unavailable;
}
unsigned gss_import_name(...) {
  return unavailable;
}
unsigned gss_indicate_mechs(...) {
  return unavailable;
}
unsigned gss_init_sec_context(...) {
  return unavailable;
}
unsigned gss_release_buffer(...) {
  return unavailable;
}
unsigned gss_release_name(...) {
  return unavailable;
}
unsigned gss_release_oid_set(...) {
  return unavailable;
}
}
