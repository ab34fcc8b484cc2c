#include "runner/builder/cell_bundle.hpp"

#include <initializer_list>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "runner/kernel/files.hpp"

namespace varve::runner {

namespace {

namespace json = boost::json;

// Root of the build's own user namespace; what RUN starts has fewer.
json::array capabilities() {
  return {"CAP_AUDIT_WRITE",  "CAP_CHOWN",
          "CAP_DAC_OVERRIDE", "CAP_FOWNER",
          "CAP_FSETID",       "CAP_KILL",
          "CAP_MKNOD",        "CAP_NET_BIND_SERVICE",
          "CAP_SETFCAP",      "CAP_SETGID",
          "CAP_SETPCAP",      "CAP_SETUID",
          "CAP_SYS_CHROOT",   "CAP_SYS_ADMIN",
          "CAP_SYS_PTRACE",   "CAP_SYS_RESOURCE"};
}

json::object mount(const char* target, const char* type, const char* source,
                   std::initializer_list<const char*> options) {
  json::array list;
  for (const auto* option : options)
    list.emplace_back(option);
  return {{"destination", target},
          {"type", type},
          {"source", source},
          {"options", std::move(list)}};
}

json::array mounts() {
  return {mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
          mount("/dev", "tmpfs", "tmpfs",
                {"nosuid", "strictatime", "mode=755", "size=65536k"}),
          mount("/dev/pts", "devpts", "devpts",
                {"nosuid", "noexec", "newinstance", "ptmxmode=0666",
                 "mode=0620", "gid=5"}),
          mount("/dev/shm", "tmpfs", "shm",
                {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"})};
}

json::object linux_part(const cell_bundle& b) {
  json::array ids{json::object{
      {"containerID", 0}, {"hostID", b.uid_base}, {"size", 65536}}};
  return {{"uidMappings", ids},
          {"gidMappings", ids},
          // The runtime is started inside the build's own network.
          {"namespaces",
           {json::object{{"type", "pid"}}, json::object{{"type", "ipc"}},
            json::object{{"type", "uts"}}, json::object{{"type", "mount"}},
            json::object{{"type", "user"}}}},
          {"maskedPaths",
           {"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/key-users",
            "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
            "/proc/sched_debug", "/proc/scsi", "/proc/config.gz",
            "/proc/kallsyms", "/proc/modules", "/proc/sysrq-trigger"}},
          {"rootfsPropagation", "private"}};
}

std::string oci_config(const cell_bundle& b) {
  json::object process{
      {"terminal", false},
      {"user", {{"uid", 0}, {"gid", 0}}},
      {"args", {"/bin/sh", "/build/make"}},
      {"env", {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"}},
      {"cwd", "/work"},
      {"capabilities",
       {{"bounding", capabilities()},
        {"effective", capabilities()},
        {"permitted", capabilities()}}},
      {"rlimits",
       json::array{
           json::object{{"type", "RLIMIT_NOFILE"},
                        {"hard", b.open_files},
                        {"soft", b.open_files}},
           json::object{{"type", "RLIMIT_CORE"}, {"hard", 0}, {"soft", 0}}}},
      {"noNewPrivileges", false}};
  json::object config{{"ociVersion", "1.0.2"},
                      {"process", std::move(process)},
                      {"root", {{"path", "rootfs"}, {"readonly", false}}},
                      {"hostname", "build"},
                      {"mounts", mounts()},
                      {"linux", linux_part(b)}};
  return json::serialize(config);
}

// No user namespace can be made in this one; what RUN starts cannot undo it.
constexpr const char* script = R"(set -e
export HOME=/root TMPDIR=/work/tmp BUILDAH_ISOLATION=chroot
export _CONTAINERS_USERNS_CONFIGURED=done
echo 0 >/proc/sys/user/max_user_namespaces
rm -rf /work/tmp /work/context /work/out
mkdir -p /work/tmp /work/context
ln -s /work/tmp /var/tmp
i=0
while [ -e /work/contexts/$i.tar ]; do
  tar -xf /work/contexts/$i.tar -C /work/context --no-same-owner
  rm /work/contexts/$i.tar
  i=$((i + 1))
done
i=0
while read -r image; do
  id=$(buildah pull -q "oci:/bases/$i:image")
  buildah tag "$id" "$image"
  i=$((i + 1))
done </build/images
buildah build --layers --pull-never --format oci --tag varve-result \
  --file /build/Dockerfile /work/context
buildah push -q --disable-compression varve-result oci:/work/out:image
)";

result<void> write_etc(const cell_bundle& b) {
  auto etc = b.run + "/etc";
  VARVE_CHECK(make_directories(etc + "/containers", 0755));
  VARVE_CHECK(make_directories(etc + "/ssl/certs", 0755));
  VARVE_CHECK(write_file(etc + "/passwd", "root:x:0:0:root:/root:/bin/sh\n"));
  VARVE_CHECK(write_file(etc + "/group", "root:x:0:\n"));
  VARVE_CHECK(write_file(etc + "/hosts", "127.0.0.1\tlocalhost build\n"));
  VARVE_CHECK(
      write_file(etc + "/resolv.conf", "nameserver " + b.gateway + "\n"));
  // Images came here from outside: these say nothing about any registry.
  VARVE_CHECK(write_file(etc + "/containers/policy.json",
                         R"({"default":[{"type":"insecureAcceptAnything"}]})"));
  VARVE_CHECK(write_file(etc + "/containers/registries.conf",
                         "unqualified-search-registries = [\"docker.io\"]\n"));
  return write_file(etc + "/containers/storage.conf",
                    "[storage]\ndriver=\"overlay\"\n"
                    "graphroot=\"/work/storage\"\n"
                    "runroot=\"/run/containers\"\n");
}

// As it is called where no registry is named.
std::string full_name(std::string name) {
  if (auto at = name.find('@'); at != std::string::npos)
    name.resize(at); // what it is tagged with; the digest was looked at
  auto slash = name.find('/');
  auto first = name.substr(0, slash);
  auto has_host = slash != std::string::npos
                  && (first.find_first_of(".:") != std::string::npos
                      || first == "localhost");
  if (has_host)
    return name;
  return "docker.io/" + (slash == std::string::npos ? "library/" + name : name);
}

} // namespace

result<void> write_bundle(const cell_bundle& b) {
  VARVE_CHECK(make_directories(b.run + "/rootfs", 0755));
  VARVE_CHECK(make_directories(b.run + "/files", 0755));
  VARVE_CHECK(write_etc(b));
  std::string images;
  for (const auto& image : b.images)
    images += full_name(image) + "\n";
  VARVE_CHECK(write_file(b.run + "/files/images", images));
  VARVE_CHECK(write_file(b.run + "/files/Dockerfile", b.dockerfile));
  VARVE_CHECK(write_file(b.run + "/files/make", script));
  return write_file(b.run + "/config.json", oci_config(b), 0600);
}

} // namespace varve::runner
