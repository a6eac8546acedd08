#!/usr/bin/env bash
# Builds everything with other toolchains than the one that scripts/test.sh uses, warnings being errors, and runs the quick
# tests of what they build:
#
#     scripts/toolchains.sh [clang|asan-compiler|old]...     all of them unless some are named
#
#     clang          Debian 12's clang 14
#     asan-compiler  the compiler with the address and undefined-behaviour sanitizers: plans, tables, the plan's C
#     old            CMake 3.22 (from PyPI, in build/cmake-venv) and g++ 11, which Ubuntu 22.04 has
#
# Each builds in a folder of its own under build/. The last lines are CTest's closing lines, with the toolchain in front;
# any failure ends with another exit code than 0, 5 where something is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake_version=3.22.6
jobs=$(nproc)
toolchains=("$@")
[ ${#toolchains[@]} -gt 0 ] || toolchains=(clang asan-compiler old)

# build FOLDER [TARGET...]
build() {
  cmake --build "$1" --parallel "$jobs" ${2:+--target "${@:2}"}
}

# run_tests TOOLCHAIN FOLDER [CTEST OPTION...]
run_tests() {
  ctest --test-dir "$2" --parallel "$jobs" --output-on-failure --no-tests=error --no-label-summary "${@:3}" 2>&1 |
    tee "$2/test.log" || failed=1
  closing+=("$1: $(grep -E '^[0-9]+% tests passed' "$2/test.log")")
}

clang() {
  scripts/setup.sh clang-14
  [ -f build/clang/build.ninja ] || cmake --preset clang
  build build/clang
  run_tests "clang 14" build/clang --label-exclude 'network|slow|levels'
}

# Halide itself has no sanitizers: a vector that it grew looks overrun to those that have.
asan-compiler() {
  scripts/setup.sh
  [ -f build/asan-compiler/build.ninja ] || cmake --preset asan-compiler
  build build/asan-compiler test_plans test_plan_hashes
  ASAN_OPTIONS=detect_container_overflow=0 UBSAN_OPTIONS=print_stacktrace=1 \
    run_tests "compiler with sanitizers" build/asan-compiler --tests-regex '^test_plan(s|_hashes)$'
}

# CMake before 3.24 knows no CMAKE_COMPILE_WARNING_AS_ERROR.
old() {
  local venv=build/cmake-venv
  scripts/setup.sh g++-11
  # pip writes RECORD last: where it exists, the wheel is whole.
  if ! compgen -G "$venv/lib/python3*/site-packages/cmake-$cmake_version.dist-info/RECORD" >/dev/null; then
    echo "toolchains: installing cmake $cmake_version into $venv"
    python3 -m venv --clear "$venv" &&
      "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "cmake==$cmake_version" || {
      echo "toolchains: $venv: expected pip to install cmake==$cmake_version from PyPI, found that it failed" >&2
      exit 5
    }
  fi
  local PATH=$PWD/$venv/bin:$PATH
  [ -f build/old/build.ninja ] || cmake --preset release -B build/old -DCMAKE_C_COMPILER=gcc-11 \
    -DCMAKE_CXX_COMPILER=g++-11 -DCMAKE_C_FLAGS=-Werror -DCMAKE_CXX_FLAGS=-Werror
  build build/old
  run_tests "cmake $cmake_version, g++ 11" build/old --label-exclude 'network|slow|levels'
}

failed=0
closing=()
for toolchain in "${toolchains[@]}"; do
  case $toolchain in
    clang | asan-compiler | old) ;;
    *)
      echo "toolchains: expected clang, asan-compiler or old, found $toolchain" >&2
      exit 2
      ;;
  esac
  echo "== $toolchain"
  "$toolchain"
done
printf '%s\n' "${closing[@]}"
exit $failed
