#!/usr/bin/env bash
# Times kernels under our schedules and under Halide's autoschedulers: scripts/autoschedulers.sh [--level avx2] [--turns 100]
# [--only direct]. Prints a table in Markdown; Adams2019 alone takes some minutes for the Winograd product.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
cmake --preset release >/dev/null
cmake --build build --parallel 2 --target autoschedulers >&2
exec build/autoschedulers "$@"
