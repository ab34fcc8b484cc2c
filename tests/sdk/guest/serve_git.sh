#!/bin/sh
# Makes FOLDER/project.git and serves it on port 8418 to one user. On `main`
# file.txt says "one", then "two"; on `side` it says "aside". Prints the first
# commit once the server answers. git_server.py must lie beside this file.
# usage: sh serve_git.sh FOLDER USER PASSWORD
set -eu
export GIT_AUTHOR_NAME=Seed GIT_AUTHOR_EMAIL=seed@example.test
export GIT_COMMITTER_NAME=Seed GIT_COMMITTER_EMAIL=seed@example.test
here=$(dirname "$0")

write() {
  echo "$1" >file.txt
  git add file.txt
  git commit --quiet --message "$1"
}

mkdir -p "$1"
python3 "$here/git_server.py" 8418 "$@" </dev/null >/dev/null 2>&1 &
cd "$1"
git init --quiet --bare --initial-branch=main project.git
git init --quiet --initial-branch=main seed
cd seed
write one
first=$(git rev-parse HEAD)
git branch side
write two
git switch --quiet side
write aside
git push --quiet ../project.git main side

tries=0
until git ls-remote --quiet "http://$2:$3@127.0.0.1:8418/project.git" \
  >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.1
done
echo "$first"
