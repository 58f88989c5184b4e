#!/usr/bin/env bash
# Makes requirements/*.lock from pyproject.toml; with --check fails when they no longer agree with it.
# Pinned versions stay until pyproject.toml asks for others; `rm requirements/*.lock && make lock` takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."
here=requirements
out=$here
if [ "${1:-}" = --check ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
  cp $here/*.lock "$out/"
fi
compile() { # NAME OPTION...
  local name=$1; shift
  "$UV" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-annotate --custom-compile-command "make lock" --extra=embedded --extra=cluster --extra=build "$@" \
    pyproject.toml -o "$out/$name.lock"
}
compile dev --extra=dev # first, so that the runtime takes the same versions
cp "$out/dev.lock" "$out/constraints.txt"
compile runtime -c "$out/constraints.txt"
rm "$out/constraints.txt"
[ "$out" = $here ] && exit 0
for lock in runtime dev; do
  # Versions only: a registry may add a wheel, and so a hash, to a version at any time.
  diff <(grep -E '^[a-z0-9]' $here/$lock.lock) <(grep -E '^[a-z0-9]' "$out/$lock.lock") \
    || { echo "$here/$lock.lock is not what pyproject.toml asks for: run 'make lock' and commit it" >&2; exit 1; }
done
