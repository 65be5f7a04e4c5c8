#!/bin/sh
# Makes the Python environment of the local JupyterHub in FOLDER, from the hash-locked requirements beside this file.
# Does nothing when it is there and current. Usage: setup.sh FOLDER
set -eu

folder=${1:?usage: setup.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || {
  echo "JupyterHub needs Python 3.10 or newer: install it, or set PYTHON to its path." >&2
  exit 1
}

wanted="$(cksum <"$here/requirements.txt") $("$python" -c 'import platform; print(platform.python_version())')"
is_current() { [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$wanted" ]; }
is_current && exit 0

# One set-up at a time; a lock whose owner is gone is taken over.
mkdir -p "$(dirname "$folder")"
lock="$folder.lock"
trap 'exit 130' INT TERM
until (set -C; echo $$ >"$lock") 2>/dev/null; do
  owner=$(cat "$lock" 2>/dev/null || echo)
  if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -f "$lock"; else sleep 0.2; fi
done
trap 'rm -rf "$lock" "$folder.uv"' EXIT
is_current && exit 0

echo "Setting up JupyterHub in $folder, once." >&2
rm -rf "$folder"
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  rm -rf "$folder.uv"
  "$python" -m venv "$folder.uv" || {
    echo "Python has no venv module: install it (Debian: apt-get install python3-venv), or install uv." >&2
    exit 1
  }
  "$folder.uv/bin/python" -m pip install --quiet --disable-pip-version-check uv
  uv="$folder.uv/bin/uv"
fi

# The system’s certificates, as every other program here uses them: a campus network may have its own.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-1}"
"$uv" venv --quiet --python "$python" "$folder"
"$uv" pip install --quiet --python "$folder/bin/python" --require-hashes -r "$here/requirements.txt"
echo "$wanted" >"$folder/.stamp"
