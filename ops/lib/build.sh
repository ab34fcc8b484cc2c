# shellcheck shell=bash
# Configures and builds one preset. Sourced after progress.sh, in the
# repository's root.

# What a server is made of, as paths below a build; each is named as its target.
# shellcheck disable=SC2034 # used by those that source this file
PROGRAMS=(
  ops/varve runner/toolbox/varve-toolbox runner/monitor/varve-monitor
  runner/varve-unpack runner/varve-cell
)

# build_preset PRESET [TARGET...]: everything when no target is named. The
# compiler's progress goes to stderr.
build_preset() {
  local preset=$1
  shift
  local -a targets=()
  [ $# = 0 ] || targets=(--target "$@")
  say "configuring $preset"
  cmake --preset "$preset" >"$STATE/configure.log" 2>&1 || {
    tail -n 40 "$STATE/configure.log" >&2
    die "cmake could not configure $preset ($STATE/configure.log)"
  }
  say "compiling $preset with $(build_jobs) jobs (a first build takes minutes)"
  cmake --build --preset "$preset" -j "$(build_jobs)" "${targets[@]}" >&2 ||
    die "the build of $preset failed"
}

# One job a core, but no more than memory carries: the largest files need
# about 1.2 GB each.
build_jobs() {
  local cores gigabytes
  cores=$(nproc)
  gigabytes=$(awk '/MemAvailable/ { print int($2 / 1250000) }' /proc/meminfo)
  [ "$gigabytes" -ge 1 ] || gigabytes=1
  echo $((cores < gigabytes ? cores : gigabytes))
}
