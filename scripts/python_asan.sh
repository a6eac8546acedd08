#!/usr/bin/env bash
# Runs tests/python, or those of its tests that are named, with the module's library under the address and undefined-behaviour
# sanitizers. Packages are compiled by build/hardnet as it is, and what the interpreter leaves allocated is no finding.
# Exit code 1: a test failed or a sanitizer found something.
#
#     scripts/python_asan.sh [TEST...]      nets_test, nets_test.Threads
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh python3-numpy python3-pil
[ -f build/build.ninja ] || cmake --preset release
[ -f build/asan/build.ninja ] || cmake --preset asan
cmake --build build --parallel 2 --target hardnet hardnet_interpreting_stand_in
cmake --build build/asan --parallel 2 --target hardnet_python

export PYTHONPATH=$PWD/build/asan/python PYTHONDONTWRITEBYTECODE=1 PYTHONMALLOC=malloc HARDNET_CACHE=$PWD/build/test-cache \
  HARDNET_PROGRAM=$PWD/build/hardnet HARDNET_STAND_IN_FOLDER=$PWD/build/tests/gpu/interpreting
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
# libstdc++ beside it: a program that has none when it starts would have no exceptions to intercept
LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libstdc++.so)" exec /usr/bin/python3 tests/python/run_tests.py "$@"
