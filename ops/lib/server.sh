# shellcheck shell=bash
# The server process of a data directory. Sourced after progress.sh, in the
# repository's root; STATE is .varve, BIN where the binaries were put.

# server_pid: the process in varve.pid when it is still our server.
server_pid() {
  local pid
  pid=$(cat "$STATE/varve.pid" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qx serve || return 1
  printf '%s\n' "$pid"
}

# server_install PRESET: puts the PROGRAMS of build.sh in place by renaming, so
# that running processes keep theirs. Returns 1 when they were there already.
server_install() {
  local from=build/$1 path changed=1
  mkdir -p "$BIN"
  for path in "${PROGRAMS[@]}"; do
    cmp -s "$from/$path" "$BIN/${path##*/}" && continue
    cp "$from/$path" "$BIN/.new" || die "cannot install $from/$path"
    mv -T "$BIN/.new" "$BIN/${path##*/}"
    changed=0
  done
  return "$changed"
}

# server_healthy URL
server_healthy() {
  curl -fsS -o /dev/null --noproxy '*' --max-time 2 "$1/health" 2>/dev/null
}

# server_await URL PID: until it answers, 120 s at most.
server_await() {
  local url=$1 pid=$2 until=$((SECONDS + 120))
  until server_healthy "$url"; do
    kill -0 "$pid" 2>/dev/null || {
      server_log_tail
      die 'the server ended while starting'
    }
    [ "$SECONDS" -lt "$until" ] || {
      server_log_tail
      die "the server does not answer at $url/health"
    }
    sleep 0.2
  done
}

server_log_tail() {
  [ ! -f "$STATE/server.log" ] || tail -n 30 "$STATE/server.log" >&2
}

# server_stop: a graceful end, waited for; sandboxes run on. 60 s at most.
server_stop() {
  local pid until=$((SECONDS + 60))
  pid=$(server_pid) || return 0
  say "stopping the server (process $pid); sandboxes keep running"
  kill -TERM "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    [ "$SECONDS" -lt "$until" ] || die "process $pid does not end"
    sleep 0.2
  done
  rm -f "$STATE/varve.pid"
}

# server_write_env URL DATA: what a client needs, for its owner only.
server_write_env() {
  local key
  key=$(cat "$2/api-key") || die "no API key in $2/api-key"
  (
    umask 077
    {
      printf 'export DAYTONA_API_URL=%q\n' "$1/api"
      printf 'export DAYTONA_API_KEY=%q\n' "$key"
      printf 'export DAYTONA_TARGET=local\n'
    } >"$STATE/env.new"
  )
  mv -T "$STATE/env.new" "$STATE/env"
}

# server_summary URL DATA: the closing words of ops/up, on stdout.
server_summary() {
  cat <<END

Varve is up.
  API URL  $1/api
  API key  $(cat "$2/api-key")   (in $2/api-key)

Try it (pip install daytona; source .varve/env):
  from daytona import Daytona
  sandbox = Daytona().create()
  print(sandbox.process.code_run('print("hello from a sandbox")').result)
  sandbox.delete()
END
}
