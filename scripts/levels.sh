#!/usr/bin/env bash
# Runs the four networks at two sizes on every CPU level and machine that this one can stand in for, and prints one table:
# network, oracle, level, machine, threads, relative RMS of the logits, ok. Exit code 1 where a row is not ok.
#
#     scripts/levels.sh [BUILD_FOLDER] [NETWORK@HxW]...
#
# Emulated runs of whole networks take a quarter of an hour on two cores. Needs a configured build with tests.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build
if [ $# -gt 0 ] && [ -d "$1" ]; then
  build=$1
  shift
fi
if [ ! -f "$build/CMakeCache.txt" ]; then
  echo "levels: $build: expected a configured build, found none (cmake -S . -B $build -G Ninja)" >&2
  exit 5
fi
subjects=("$@")
if [ ${#subjects[@]} -eq 0 ]; then
  for network in hardnet39ds hardnet68ds hardnet68 hardnet85; do
    subjects+=("$network@224x224" "$network@200x264")
  done
fi
cmake --build "$build" --target level_table
"$build/level_table" "${subjects[@]}"
