#!/bin/sh
# Starts the two images without any network, and lets them do what they are for.
#
# Usage: smoke.sh functions|otter-grader IMAGE
set -eu

case $1 in
functions)
  exec docker run --rm --network none \
    --volume "$PWD/release:/smoke:ro" --entrypoint node \
    "$2" /smoke/smoke-functions.ts serve.js
  ;;
otter-grader)
  exec docker run --rm --network none \
    --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
    --volume "$PWD/release:/smoke:ro" --volume "$PWD/testing/fixtures/otter-lab:/lab:ro" --entrypoint node \
    "$2" /smoke/smoke-grader.ts /lab /usr/bin/tini -- node /opt/holt/job/main.js
  ;;
*)
  echo 'Usage: smoke.sh functions|otter-grader IMAGE' >&2
  exit 2
  ;;
esac
