# shellcheck shell=bash
# What each task needs from the distribution, and its installation.
# Sourced after progress.sh.

PACKAGES_BUILD=(
  g++ cmake ninja-build ccache pkg-config
  libcaf-dev librdkafka-dev librocksdb-dev
  libflatbuffers-dev flatbuffers-compiler
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  libboost-program-options1.81-dev
  libssl-dev libcap-dev libgit2-dev libarchive-dev libzstd-dev ca-certificates
  catch2 python3
)
PACKAGES_RUN=(
  crun skopeo buildah nftables iproute2 e2fsprogs util-linux mmdebstrap
  debian-archive-keyring ca-certificates curl procps
)
PACKAGES_TEST=(
  busybox-static clang-format-14 shellcheck curl iproute2 qemu-system-x86
  docker-registry iptables runc clang-14 libclang-rt-14-dev git openssl
)
PACKAGES_BENCH=(docker.io)

packages_have() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Tools that may come from elsewhere than the distribution: what is on PATH
# counts when it is new enough. Each prints the packages that would help.
packages_for_node() {
  if ! node -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)' \
    2>/dev/null; then
    echo nodejs npm
  elif ! npm --version >/dev/null 2>&1; then
    echo npm
  fi
}

packages_for_python() {
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' \
    2>/dev/null || echo python3 python3-venv
}

packages_for_go() {
  local minor
  minor=$(go version 2>/dev/null | sed -n 's/.* go1\.\([0-9]*\).*/\1/p' || true)
  [ "${minor:-0}" -ge 19 ] || echo golang-go
}

packages_for_java() {
  local major
  major=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' || true)
  [ "${major:-0}" -ge 17 ] || echo default-jre-headless
}

packages_for_maven() {
  command -v mvn >/dev/null || echo maven
}

# packages_wanted TASK...: the packages of build, run, test and bench that
# are not installed, one a line.
packages_wanted() {
  local task package
  local -a all=()
  for task in "$@"; do
    case $task in
      build) all+=("${PACKAGES_BUILD[@]}") ;;
      run) all+=("${PACKAGES_RUN[@]}") ;;
      bench) all+=("${PACKAGES_BENCH[@]}") ;;
      test)
        all+=("${PACKAGES_TEST[@]}")
        mapfile -t -O "${#all[@]}" all < <(
          {
            packages_for_node
            packages_for_python
            packages_for_go
            packages_for_java
            packages_for_maven
          } | tr ' ' '\n'
        )
        ;;
      *) die "no such task: $task" ;;
    esac
  done
  for package in "${all[@]}"; do
    packages_have "$package" || printf '%s\n' "$package"
  done | sort -u
}

# packages_need TASK...: installs what is missing, and nothing else. Never
# removes a package: a conflict is for a person to settle.
packages_need() {
  local -a missing
  mapfile -t missing < <(packages_wanted "$@")
  if [ "${#missing[@]}" = 0 ]; then
    say "everything needed to $* is installed"
    return
  fi
  [ "$(id -u)" = 0 ] || die "must run as root to install: ${missing[*]}"
  command -v apt-get >/dev/null || die 'needs Debian 12 (no apt-get here)'
  say "installing ${#missing[@]} packages: ${missing[*]}"
  packages_apt update -qq ||
    say 'apt-get update failed; going on with the lists that are here'
  packages_apt install -y -q --no-install-recommends --no-remove \
    "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

packages_apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 \
    -o DPkg::Lock::Timeout=600 "$@" </dev/null >&2
}
