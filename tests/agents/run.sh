#!/usr/bin/env bash
# Drives coding agents, unmodified and headless, against a local gateway of this repository: each edits a file or answers.
# Installs the pinned versions into a folder that goes away afterwards (1.5 GB). Needs cargo, python3 with venv, npm.
#
#   tests/agents/run.sh [PATTERN…]     only the tests whose names match, as `python3 -m unittest -k` has it
set -euo pipefail
cd "$(dirname "$0")"
[ -n "${GATEWAY_BASE_URL:-}" ] || exec ../../scripts/with-gateway.sh "$PWD/run.sh" "$@"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/node"
cp node/package.json node/package-lock.json "$work/node"
# Not `npm ci`, which wants the lock to hold every platform's optional package, also where a registry does not carry it.
npm install --prefix "$work/node" --no-audit --no-fund --loglevel=error
# Apart from one another: each wants versions of its own of the same packages.
for agent in aider llm; do
  python3 -m venv "$work/$agent"
  "$work/$agent/bin/pip" install --quiet --disable-pip-version-check -r "python/$agent.txt"
  ln -s "$work/$agent/bin/$agent" "$work/node/node_modules/.bin/$agent"
done

patterns=()
for pattern in "$@"; do patterns+=(-k "$pattern"); done
AGENTS="$work/node/node_modules/.bin" python3 -B -m unittest -v "${patterns[@]}" test_agents
