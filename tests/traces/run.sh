#!/usr/bin/env bash
# Has `cargo run` send its traces to a receiver that reads them by OpenTelemetry's own protocol. Needs cargo and python3 with venv.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
"$work/venv/bin/python" -B receiver.py
