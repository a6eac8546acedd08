#!/usr/bin/env bash
# Builds everything and runs every test; builds all but the compiler with the address and undefined-behaviour sanitizers
# and runs their tests again, without the whole networks; runs the runtime's tests with the thread sanitizer; and feeds
# each fuzz target for a few seconds. The last line is CTest's closing line; any failure ends with another exit code than
# 0. Where no file has changed since every test passed, it says so and shows those results; --again runs them anyway.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh \
  clang-14 libclang-rt-14-dev `# the fuzz targets` \
  qemu-user g++-aarch64-linux-gnu `# other CPUs`
jobs=$(nproc)
passed=build/tests-passed  # what the files were when every test passed, and CTest's closing lines

# One hash over every file of the project, with its name.
files_now() {
  find . \( -name .git -o -name .venv -o -name __pycache__ -o -path './build*' \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

# build PRESET FOLDER: configures once, then builds what changed
build() {
  [ -f "$2/build.ninja" ] || cmake --preset "$1"
  cmake --build "$2" --parallel "$jobs"
}

# run_tests FOLDER LOG [CTEST OPTION...]: runs its tests, all of them even if one fails
run_tests() {
  ctest --test-dir "$1" --parallel "$jobs" --output-on-failure --no-tests=error --no-label-summary "${@:3}" 2>&1 | tee "$2"
}

now=$(files_now)
if [ "${1:-}" != --again ] && [ "$(head -n 1 "$passed" 2>/dev/null)" = "$now" ]; then
  echo "no file has changed since every test passed ($(date -r "$passed" '+%F %T')); scripts/test.sh --again runs them"
  tail -n +2 "$passed"
  exit
fi

echo "== build"
build release build
echo "== build with sanitizers"
build asan build/asan
build tsan build/tsan

failed=0
echo "== fuzz targets"
scripts/fuzz.sh 3s || failed=1
echo "== tests with sanitizers"
export UBSAN_OPTIONS=print_stacktrace=1
run_tests build/asan build/asan/test.log --label-exclude network || failed=1
run_tests build/tsan build/tsan/test.log || failed=1
echo "== tests"
run_tests build build/test.log || failed=1

closing=$(grep -hE '^[0-9]+% tests passed' build/asan/test.log build/tsan/test.log build/test.log)
[ $failed != 0 ] || printf '%s\n' "$now" "$closing" >"$passed"
echo "$closing"
exit $failed
