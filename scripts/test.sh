#!/usr/bin/env bash
# Builds everything and runs every test, then builds all but the compiler with the address and undefined-behaviour
# sanitizers and runs their tests again. The last line is CTest's closing line; any failure ends with another exit code
# than 0.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
jobs=$(nproc)

# build PRESET FOLDER: configures once, then builds what changed
build() {
  [ -f "$2/build.ninja" ] || cmake --preset "$1"
  cmake --build "$2" --parallel "$jobs"
}

# run_tests FOLDER LOG: runs its tests, all of them even if one fails
run_tests() {
  ctest --test-dir "$1" --parallel "$jobs" --output-on-failure --no-tests=error --no-label-summary 2>&1 | tee "$2"
}

echo "== build"
build release build
echo "== build with sanitizers"
build asan build/asan

failed=0
echo "== tests with sanitizers"
export UBSAN_OPTIONS=print_stacktrace=1
run_tests build/asan build/asan/test.log || failed=1
echo "== tests"
run_tests build build/test.log || failed=1

for log in build/asan/test.log build/test.log; do
  grep -E '^[0-9]+% tests passed' "$log"
done
exit $failed
