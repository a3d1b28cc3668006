#!/usr/bin/env bash
# Makes the locks anew; with arguments such as --upgrade they go to uv. Needs uv on PATH and a package index.
set -euo pipefail
cd "$(dirname "$0")/.."

# Settings of this machine (indexes of its own, folders of wheels) must not get into a lock.
for name in $(compgen -e | grep -E '^(UV_|PIP_)' || true); do
  [ "$name" = UV_CACHE_DIR ] || unset "$name"
done

compile() { # NAME, then inputs and options
  local lock="requirements/$1.txt"
  shift
  "$uv" pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-annotate \
    --custom-compile-command 'make lock' "${extra[@]}" -o "$lock" "$@"
}

uv="$(command -v uv)"
extra=("$@")
package=(pyproject.toml requirements/build.in)

slim=(--overrides requirements/overrides.txt -c requirements/bench.txt)

# bench holds all the others, so they take their versions from it: one version of everything, whatever is installed.
# The peers that it measures need what the others do without.
compile bench "${package[@]}" requirements/uv.in --group examples --group test --group docs --group bench
compile test "${package[@]}" requirements/uv.in --group examples --group test --group docs \
  --overrides requirements/overrides-test.txt -c requirements/bench.txt
compile demo "${package[@]}" requirements/uv.in --group examples "${slim[@]}"
compile run "${package[@]}" "${slim[@]}"
# The action installs this one in place of `run` where somebody wants to be told of the end.
compile notify "${package[@]}" --extra notify "${slim[@]}"
compile uv requirements/uv.in -c requirements/bench.txt
# Environments of their own, too: what fuzzes the package, and what makes a release of it.
compile fuzz "${package[@]}" requirements/uv.in --group fuzz "${slim[@]}"
compile release requirements/build.in requirements/uv.in --group release -c requirements/bench.txt
# An environment of its own, for a notebook and not for us; what both have, has one version.
compile writers requirements/writers.in --overrides requirements/writers-without.txt -c requirements/bench.txt
