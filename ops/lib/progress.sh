# shellcheck shell=bash
# Progress on stderr, so that stdout stays free for results.
# Sourced; needs bash.

PROGRESS_STEP=0
PROGRESS_STEPS=0
PROGRESS_BEGAN=$SECONDS

# progress_plan N: how many steps there will be.
progress_plan() {
  PROGRESS_STEPS=$1
  PROGRESS_STEP=0
  PROGRESS_BEGAN=$SECONDS
}

# progress_step TEXT: begins the next step and says how many are left.
progress_step() {
  PROGRESS_STEP=$((PROGRESS_STEP + 1))
  printf '\n[%d/%d] %s (%ds so far, %d left after this)\n' \
    "$PROGRESS_STEP" "$PROGRESS_STEPS" "$*" \
    $((SECONDS - PROGRESS_BEGAN)) $((PROGRESS_STEPS - PROGRESS_STEP)) >&2
}

# say TEXT: one line of news.
say() {
  printf '  %s\n' "$*" >&2
}

# die TEXT: says why and ends.
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}
