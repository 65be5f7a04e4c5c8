#!/usr/bin/env bash
# Sets up and runs the whole of Holt on this machine: ./emulator.sh --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
  printf 'Holt cannot start. %s\n' "$*" >&2
  exit 1
}

command -v npm >/dev/null || fail 'npm is missing: install Node.js (any version that brings npm), for example from your package manager.'
command -v python3 >/dev/null || fail 'python3 is missing: install Python 3.10 or newer.'
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  fail "Python 3.10 or newer is needed, and python3 is $(python3 -V 2>&1 | cut -d' ' -f2)."

# The lock file is the recipe: packages are installed again only when it changed.
stamp=node_modules/.holt-installed
if ! cmp -s package-lock.json "$stamp"; then
  printf 'Installing npm packages …\n' >&2
  npm ci --no-fund --no-audit --loglevel=error >&2
  cp package-lock.json "$stamp"
fi
node=node_modules/.bin/node
"$node" --version >/dev/null 2>&1 || fail 'The project’s own Node.js did not install: run npm ci, and npm rebuild node.'

grader-job/python/setup.sh .holt/python >&2
exec "$node" emulator/main.ts "$@"
