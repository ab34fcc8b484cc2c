# shellcheck shell=bash
# What the host's kernel must offer a sandbox. Sourced after progress.sh.

# Says that the mount of host_prepare is ours; gone with the mount at a restart.
HOST_MOUNTED=/run/varve/.hugetlb

# host_check: fails with a reason on a host that cannot run sandboxes.
host_check() {
  [ "$(id -u)" = 0 ] || die 'must run as root (sandboxes need namespaces, mounts and nftables)'
  local name
  for name in user net pid mnt cgroup; do
    [ -e "/proc/self/ns/$name" ] || die "the kernel has no $name namespaces"
  done
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || true
  grep -qw overlay /proc/filesystems || die 'the kernel has no overlayfs'
  [ -e /dev/loop-control ] || modprobe loop 2>/dev/null || true
  host_cgroups >/dev/null
}

# Prints v1 or v2: the layout that holds the controllers.
host_cgroups() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    echo v2
  elif grep -q ' /sys/fs/cgroup/memory cgroup ' /proc/mounts; then
    echo v1
  else
    die 'no cgroup file system is mounted under /sys/fs/cgroup'
  fi
}

# host_prepare: on cgroup v1, crun wants every enabled controller mounted and
# some hosts leave hugetlb out. Nothing to do on v2. Repeatable; a restart of
# the machine undoes it.
host_prepare() {
  [ "$(host_cgroups)" = v1 ] || return 0
  command -v crun >/dev/null || return 0
  grep -Eq '^hugetlb[[:space:]].*[[:space:]]1$' /proc/cgroups || return 0
  ! grep -q ' /sys/fs/cgroup/hugetlb cgroup ' /proc/mounts || return 0
  say 'cgroup v1 host: mounting the hugetlb controller, which crun asks for'
  mkdir -p /sys/fs/cgroup/hugetlb /run/varve
  if mount -t cgroup -o hugetlb cgroup /sys/fs/cgroup/hugetlb; then
    : >"$HOST_MOUNTED"
  else
    say 'that mount failed; the server falls back to runc if it is installed'
  fi
}

# host_restore: undoes host_prepare when no server is left on this host.
host_restore() {
  [ -e "$HOST_MOUNTED" ] || return 0
  [ -z "$(find /run/varve -mindepth 1 -maxdepth 1 -type d)" ] || return 0
  umount /sys/fs/cgroup/hugetlb || die '/sys/fs/cgroup/hugetlb is still in use'
  rmdir /sys/fs/cgroup/hugetlb 2>/dev/null || true
  rm -f "$HOST_MOUNTED"
}
