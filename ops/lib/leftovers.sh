# shellcheck shell=bash
# What of a data directory is still on this host. Sourced after progress.sh.

# leftovers DATA RUN INSTANCE: one line for each thing found; nothing when the
# host is clean. INSTANCE is in every name that the server gives on the host.
leftovers() {
  local data=$1 run=$2 instance=$3
  leftover_files "$data" "$run"
  leftover_mounts "$data" "$run"
  leftover_loops "$data"
  leftover_processes "$data" "$instance"
  leftover_names "$instance"
}

leftover_files() {
  local path
  for path in "$@"; do
    [ ! -e "$path" ] || printf 'files: %s\n' "$path"
  done
}

leftover_mounts() {
  local pid
  # Every mount namespace, so that one kept by a stray process shows too.
  for pid in /proc/[0-9]*; do
    awk -v data="$1/" -v run="$2/" '
      index($5 "/", data) == 1 || index($5 "/", run) == 1 {
        print "mount:", $5 }' "$pid/mountinfo" 2>/dev/null || true
  done | sort -u
}

leftover_loops() {
  losetup -l -n -O NAME,BACK-FILE | awk -v data="$1/" '
    index($2, data) == 1 { print "loop device:", $1, $2 }'
}

# Ours are in a cgroup of the instance, or are a varve binary that names the
# data directory or the instance.
leftover_processes() {
  local pid command
  for pid in /proc/[0-9]*; do
    command=$(tr '\0' ' ' 2>/dev/null <"$pid/cmdline") || continue
    if grep -q "varve-$2" "$pid/cgroup" 2>/dev/null ||
      [[ ${command%% *} == *varve* && $command == *" $1"[/\ ]* ]] ||
      [[ ${command%% *} == *varve* && $command == *"$2"* ]]; then
      printf 'process: %s %s\n' "${pid#/proc/}" "${command:0:80}"
    fi
  done
}

leftover_names() {
  find /sys/fs/cgroup -mindepth 2 -type d -path "*varve*" -path "*$1*" \
    -printf 'cgroup: %p\n' 2>/dev/null || true
  nft list tables 2>/dev/null | awk -v id="$1" '
    index($0, id) { print "nft:", $0 }'
  ip -o link show | awk -F': ' -v id="$1" 'index($2, id) { print "link:", $2 }'
  ip netns list 2>/dev/null | awk -v id="$1" '
    index($1, id) { print "network namespace:", $1 }'
}
