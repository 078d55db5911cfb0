#!/usr/bin/env bash
# Vercel's builder runs this before it compiles a function with `cargo build --bin NAME`, which looks for NAME among the
# workspace's default members. The functions are none of them, so that a plain `cargo build` does not link one after the
# other; on the build machine they are the only one.
set -euo pipefail
cd "$(dirname "$0")"
manifest=$(sed 's/^default-members = .*/default-members = ["."]/' Cargo.toml)
[ "$manifest" = "$(cat Cargo.toml)" ] || printf '%s\n' "$manifest" > Cargo.toml
