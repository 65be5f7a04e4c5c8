#!/bin/sh
# Pushes an image under its commit and writes down its digest, which is what is deployed.
#
# Usage: push.sh LOCAL_IMAGE REPOSITORY TAG
set -eu

folder=${HOLT_BUILD:-.holt/build}/digests
docker tag "$1" "$2:$3"
docker push "$2:$3"
digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" | grep -F "$2@sha256:" | head -n 1)
if [ -z "$digest" ]; then
  echo "The registry told no digest of $2:$3, so it cannot be deployed." >&2
  exit 1
fi

mkdir -p "$folder"
echo "$digest" >"$folder/$1"
echo "$digest"
