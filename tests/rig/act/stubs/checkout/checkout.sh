#!/usr/bin/env bash
# The fetches and checkouts that actions/checkout makes, from $ACT_RIG_ORIGINS instead of from the service.
set -euo pipefail
mkdir -p "$GITHUB_WORKSPACE/$DEST"
cd "$GITHUB_WORKSPACE/$DEST"
find . -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +
git -c init.defaultBranch=main init --quiet .
git remote add origin "file://$ACT_RIG_ORIGINS/$REPOSITORY.git"
if [ "$PERSIST" = true ]; then
  basic=$(printf 'x-access-token:%s' "$TOKEN" | base64 | tr -d '\n')
  git config --local http.https://github.com/.extraheader "AUTHORIZATION: basic $basic"
fi

# What to fetch (source), under which name it is kept (target), and the local branch, if there is one.
branch=
if [ -z "$REF" ] && [ "$REPOSITORY" = "$GITHUB_REPOSITORY" ]; then
  source=$GITHUB_SHA
  case "$GITHUB_REF" in
    refs/heads/*) branch=${GITHUB_REF#refs/heads/} target=refs/remotes/origin/$branch ;;
    refs/pull/*) target=refs/remotes/pull/${GITHUB_REF#refs/pull/} ;;
    *) target=$GITHUB_REF ;;
  esac
elif [[ $REF =~ ^[0-9a-f]{40}$ ]]; then
  source=$REF target=
elif [[ $REF == refs/pull/* ]]; then
  source=$REF target=refs/remotes/pull/${REF#refs/pull/}
elif [ -z "$REF" ] || git ls-remote --exit-code --quiet origin "refs/heads/${REF#refs/heads/}" > /dev/null; then
  branch=${REF#refs/heads/}
  [ -n "$branch" ] || branch=$(git ls-remote --symref origin HEAD | sed -n 's#^ref: refs/heads/\(.*\)\tHEAD$#\1#p')
  source=refs/heads/$branch target=refs/remotes/origin/$branch
else
  source=refs/tags/${REF#refs/tags/} target=$source
fi

wanted=("+$source${target:+:$target}")
if [ "$DEPTH" = 0 ]; then
  git fetch --quiet --prune --tags origin '+refs/heads/*:refs/remotes/origin/*'
  git fetch --quiet --no-tags origin "${wanted[@]}"
else
  git fetch --quiet --no-tags --prune --depth="$DEPTH" origin "${wanted[@]}"
fi
start=${target:-$source}
if [ -n "$branch" ]; then
  git checkout --quiet --force -B "$branch" "$start"
else
  git -c advice.detachedHead=false checkout --quiet --force --detach "$start"
fi
{
  echo "ref=${REF:-$GITHUB_REF}"
  echo "commit=$(git rev-parse HEAD)"
} >> "$GITHUB_OUTPUT"
