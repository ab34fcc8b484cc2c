# shellcheck shell=bash
# The image store below a data directory:
#   images/<ref>/rootfs/      an unpacked root file system
#   images/<ref>/config.json  user, env, workdir, entrypoint, size, name
#   images/default            the ref of the default snapshot
# An image is built beside its final place and renamed, so it is whole or
# absent. Sourced after progress.sh.

# image_open DATA REF: takes the store's lock and makes $IMAGE_BUILD, the
# directory to fill; returns 1 when the image is there already.
image_open() {
  IMAGE_STORE=$1/images
  IMAGE_REF=$2
  mkdir -p "$IMAGE_STORE"
  exec {IMAGE_LOCK}>"$IMAGE_STORE/.lock"
  flock -n "$IMAGE_LOCK" || {
    say "another image build is running; waiting for it"
    flock -w 1800 "$IMAGE_LOCK" || die "still locked: $IMAGE_STORE/.lock"
  }
  # The lock is ours, so whatever is half built belongs to nobody.
  rm -rf --one-file-system "$IMAGE_STORE"/.building-*
  if [ -f "$IMAGE_STORE/$IMAGE_REF/config.json" ]; then
    image_close
    return 1
  fi
  IMAGE_BUILD=$IMAGE_STORE/.building-$IMAGE_REF
  mkdir -p "$IMAGE_BUILD/rootfs"
  # _apt downloads into it; the runner maps its root to an ordinary user.
  chmod 755 "$IMAGE_STORE" "$IMAGE_BUILD" "$IMAGE_BUILD/rootfs"
  trap image_abandon EXIT
}

# Removes a build that did not come to its end.
image_abandon() {
  rm -rf --one-file-system "${IMAGE_BUILD:?}"
}

# image_files: the files that the runner covers with its own.
image_files() {
  local file
  mkdir -p "$IMAGE_BUILD/rootfs/etc"
  for file in hosts resolv.conf hostname; do
    rm -f "$IMAGE_BUILD/rootfs/etc/$file"
    : >"$IMAGE_BUILD/rootfs/etc/$file"
  done
}

# image_commit NAME USER ENV_JSON: writes config.json and puts it in place.
image_commit() {
  local bytes
  bytes=$(du -s --block-size=1 "$IMAGE_BUILD/rootfs" | cut -f1)
  printf '{"name":"%s","user":"%s","env":%s,"workdir":"","entrypoint":[],"sizeBytes":%s}\n' \
    "$1" "$2" "$3" "$bytes" >"$IMAGE_BUILD/config.json"
  sync -f "$IMAGE_BUILD/config.json"
  rm -rf --one-file-system "${IMAGE_STORE:?}/$IMAGE_REF"
  mv -T "$IMAGE_BUILD" "$IMAGE_STORE/$IMAGE_REF"
  trap - EXIT
  say "image $IMAGE_REF: $((bytes / 1000000)) MB"
  image_close
}

image_close() {
  exec {IMAGE_LOCK}>&-
}

# image_make_default DATA REF
image_make_default() {
  printf '%s\n' "$2" >"$1/images/.default"
  mv -T "$1/images/.default" "$1/images/default"
}
