#!/bin/sh
# Runs one step of a build, unless a step that it follows is not done.
#
# Usage: step.sh STEP [FOLLOWED...] -- COMMAND [ARGUMENT...]
#
# Cloud Build stops at the first step that fails, and then nobody would tell. So the build files allow every step to fail,
# each follows only what is done, and the last one, report.ts, tells and fails the build.
set -eu

folder=${HOLT_BUILD:-.holt/build}/done
step=$1
shift
while [ "${1:---}" != -- ]; do
  if [ ! -f "$folder/$1" ]; then
    echo "$step is left out, because $1 is not done." >&2
    exit 1
  fi
  shift
done
if [ $# -lt 2 ]; then
  echo 'Usage: step.sh STEP [FOLLOWED...] -- COMMAND [ARGUMENT...]' >&2
  exit 2
fi
shift

mkdir -p "$folder"
rm -f "$folder/$step"
"$@"
: >"$folder/$step"
