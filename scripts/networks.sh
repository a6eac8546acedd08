#!/usr/bin/env bash
# Compiles every network that is not one of HarDNet's classifiers at two sizes, for AVX2 and AVX-512, and compares all its raw
# outputs with PyTorch's in double, on one and two threads; likewise the logits of classifiers, at sizes and levels that the
# tests leave out, too; then counts what HarDNets and DenseNets write, and holds every call of every network's plans at every level to
# Halide's bounds of its kernel. Prints the relative RMS of each output and ends with the tests' closing lines.
#
#     scripts/networks.sh [BUILD_FOLDER] [FILTER]     FILTER as --gtest_filter wants it: 'Outputs.resnet*'
#
# With an empty cache this takes three quarters of an hour on two idle cores. Needs a configured build with tests.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build}
if [ ! -f "$build/CMakeCache.txt" ]; then
  echo "networks: $build: expected a configured build, found none (cmake --preset release)" >&2
  exit 5
fi
cmake --build "$build" --target test_networks test_network_outputs test_network_writes test_bounds
export HARDNET_ALL_NETWORKS=1
failed=0
"$build/test_network_outputs" ${2:+--gtest_filter="$2"} | grep -vE '^\[ (RUN|  )' || failed=1
"$build/test_networks" --gtest_filter="${2:-Logits.*}" | grep -vE '^\[ (RUN|  )' || failed=1
"$build/test_network_writes" ${2:+--gtest_filter="$2"} | grep -E 'OK|FAILED|PASSED|concatenation' || failed=1
"$build/test_bounds" ${2:+--gtest_filter="$2"} | grep -vE '^\[ (RUN|  )' || failed=1
exit $failed
