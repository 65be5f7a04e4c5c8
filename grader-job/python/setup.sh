#!/bin/sh
# Makes the grader's Python environment from the locked requirements, every file checked by its hash.
#
# Usage: setup.sh [FOLDER [LOCK]]     default: .holt/python at the repository's root, requirements.txt beside this file
#
# Running it again changes nothing; killed in the middle, it starts over; two at a time wait for one another.
# HOLT_BASE_PYTHON names the Python to build on, when it is not to be the first one found.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=${1:-$here/../../.holt/python}
lock=${2:-$here/requirements.txt}
stamp=$folder/.lock-sha256

fail() {
  echo "The grader's Python environment was not made: $1" >&2
  exit 1
}

hash_lock() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$lock"; else shasum -a 256 <"$lock"; fi | cut -d ' ' -f 1
}

wanted=$(hash_lock)
is_made() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -x "$folder/bin/python" ]; }
if is_made; then exit 0; fi

# The interpreter itself, no shim or link of a version manager: a sandbox shows its own folder only.
find_python='import os, sys
if sys.version_info >= (3, 10): print(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))'
base=
for python in "${HOLT_BASE_PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
  base=$("$python" -c "$find_python" 2>/dev/null) || base=
  if [ -n "$base" ]; then break; fi
done
if [ -z "$base" ]; then
  fail 'it needs Python 3.10 or newer. Install python3, or name one in HOLT_BASE_PYTHON.'
fi

mkdir -p "$(dirname -- "$folder")"
parent=$(CDPATH='' cd -- "$(dirname -- "$folder")" && pwd)
folder=$parent/$(basename -- "$folder")
stamp=$folder/.lock-sha256

# One at a time. The system lets go of the lock with the process, however that ends.
if [ -z "${HOLT_SETUP_LOCKED:-}" ]; then
  HOLT_SETUP_LOCKED=1 exec "$base" -c 'import fcntl, os, sys
file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY, 0o666)
fcntl.flock(file, fcntl.LOCK_EX)
os.set_inheritable(file, True)
os.execv("/bin/sh", ["sh", *sys.argv[2:]])' "$folder.lock" "$here/setup.sh" "$folder" "$lock"
fi
if is_made; then exit 0; fi

say_missing_venv() {
  fail "$base has no venv module. On Debian and Ubuntu: apt-get install python3-venv."
}

# What an earlier run left when it was killed has no stamp, so it goes. The stamp is written last.
rm -rf "$folder"
"$base" -c 'import venv' 2>/dev/null || say_missing_venv

if command -v uv >/dev/null 2>&1; then
  uv=uv
else
  tools=$parent/uv
  uv=$tools/bin/uv
  if ! "$uv" --version >/dev/null 2>&1; then
    "$base" -c 'import ensurepip' 2>/dev/null || say_missing_venv
    rm -rf "$tools"
    "$base" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check uv || uv=
  fi
fi

echo "Making the grader's Python environment …" >&2
# The system's certificates, as every other program here uses them: a campus network may have its own.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-1}"
if [ -n "$uv" ]; then
  "$base" -m venv --without-pip "$folder"
  "$uv" pip install --quiet --python "$folder/bin/python" --require-hashes --compile-bytecode -r "$lock" ||
    fail 'a package could not be installed; the reason stands above.'
else
  "$base" -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" ||
    fail 'a package could not be installed; the reason stands above.'
fi

printf '%s\n' "$wanted" >"$stamp.new"
mv "$stamp.new" "$stamp"
