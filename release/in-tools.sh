#!/bin/sh
# Runs a command in the image of tools. Tests keep student code apart as the grader does, so they may make namespaces.
#
# Usage: in-tools.sh COMMAND [ARGUMENT...]
set -eu

exec docker run --rm \
  --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
  --volume "$PWD:/workspace" --workdir /workspace \
  holt-tools "$@"
