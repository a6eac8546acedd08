#!/usr/bin/env bash
# Builds everything and runs every test; builds all but the compiler with the address and undefined-behaviour sanitizers
# and runs their tests again, without the whole networks, and the Python module's; runs the runtime's tests with the thread
# sanitizer; and feeds each fuzz target for a few seconds. The last line is CTest's closing line; any failure ends with
# another exit code than 0. Where no file, tool or CPU has changed since every test passed, it says so and shows those results.
#
#     scripts/test.sh            all of that
#     scripts/test.sh --again    all of that, whatever has passed before
#     scripts/test.sh --quick    for the edit loop: builds everything once and runs every test but those of whole networks
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in
  '' | --again | --quick) ;;
  *)
    echo "test: expected --again, --quick or nothing, found $1" >&2
    exit 2
    ;;
esac
scripts/setup.sh \
  clang-14 libclang-rt-14-dev `# the fuzz targets` \
  qemu-user g++-aarch64-linux-gnu `# other CPUs` \
  python3-numpy python3-pil `# the Python module` \
  pocl-opencl-icd ocl-icd-libopencl1 `# OpenCL on the CPU`
jobs=$(nproc)
passed=build/tests-passed  # what files and tools were when every test passed, and CTest's closing lines

# What results depend on beside the files: the tools' versions, Halide's wheel, the CPU.
tools_now() {
  local tool
  for tool in "${CC:-cc}" "${CXX:-c++}" clang-14 aarch64-linux-gnu-gcc qemu-x86_64 qemu-aarch64 ld objdump cmake ninja /usr/bin/python3; do
    echo "$tool $("$tool" --version 2>&1 | head -n 1)"
  done
  find .venv/lib/python3*/site-packages -maxdepth 1 -name 'halide-*.dist-info' -printf '%f\n'
  uname -m
  grep -E '^(model name|flags|CPU part|Features)' /proc/cpuinfo | sort -u
}

# One hash over every file of the project, with its name, and over the tools.
state_now() {
  {
    find . \( -name .git -o -name .venv -o -name __pycache__ -o -path './build*' \) -prune -o -type f -print0 |
      LC_ALL=C sort -z | xargs -0 sha256sum
    tools_now
  } | sha256sum
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

if [ "${1:-}" = --quick ]; then
  build release build
  run_tests build build/test.log --label-exclude 'network|slow'
  exit
fi

now=$(state_now)
if [ "${1:-}" != --again ] && [ "$(head -n 1 "$passed" 2>/dev/null)" = "$now" ]; then
  echo "no file, tool or CPU has changed since every test passed ($(date -r "$passed" '+%F %T')); scripts/test.sh --again runs them"
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
echo "== the Python module with sanitizers"
scripts/python_asan.sh >build/asan/python.log || {
  cat build/asan/python.log
  failed=1
}

closing=$(grep -hE '^[0-9]+% tests passed' build/asan/test.log build/tsan/test.log build/test.log)
[ $failed != 0 ] || printf '%s\n' "$now" "$closing" >"$passed"
echo "$closing"
exit $failed
