#!/usr/bin/env bash
# Builds the functions with the real Vercel CLI, offline, then runs a few of them as Vercel does.
# Needs node, npm and a Rust toolchain; no Vercel account. CARGO_TARGET_DIR is respected.
set -euo pipefail
cd "$(dirname "$0")/.."

# Pinned: the same sources build the same way tomorrow.
cli=vercel@60.1.3
export VERCEL_TELEMETRY_DISABLED=1
# As on Vercel's build machines: no cross-compilation.
export VERCEL_BUILD_IMAGE=1

# build.sh changes the manifest, which a build machine throws away.
manifest=$(mktemp)
cp -p Cargo.toml "$manifest"
# A linked project keeps its link; else a made-up one is enough to build.
made_up=
if [ ! -e .vercel/project.json ]; then
  mkdir -p .vercel
  echo '{"projectId":"local","orgId":"local","settings":{"framework":null}}' > .vercel/project.json
  made_up=.vercel/project.json
fi
restore() {
  mv "$manifest" Cargo.toml
  rm -f $made_up
}
trap restore EXIT

rm -rf .vercel/output
npx --yes "$cli" build --yes
node scripts/vercel-check.mjs

# The layout for the Hobby plan. Its function is compiled already.
rm -rf .vercel/output
npx --yes "$cli" build --yes --local-config vercel.single.json
node scripts/vercel-check.mjs --single
