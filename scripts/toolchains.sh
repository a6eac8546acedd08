#!/usr/bin/env bash
# Builds with other toolchains than the one that scripts/test.sh uses and runs the tests of what they build; warnings are
# errors. scripts/README.md says what for and how long it takes.
#
#     scripts/toolchains.sh [clang|old|sanitized]...     all of them unless some are named
#
#     clang        everything by Debian 12's clang 14
#     old          everything by CMake 3.22 (from PyPI, in build/cmake-venv) and g++ 11, which Ubuntu 22.04 has
#     sanitized    the compiler and the program with the address and undefined-behaviour sanitizers
#
# Each builds in a folder of its own under build/. The last lines are one for each toolchain; any failure ends with another
# exit code than 0, 5 where something is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake_version=3.22.6
jobs=$(nproc)
# What the sanitizers of scripts/test.sh leave out: plans and tables, kernels and their processes, packages, the verbs
compiler_tests=(test_plans test_plan_hashes test_kernels test_packages test_tuning_records test_tune_report test_autotune test_cli_compiled
  test_import_compiled)

toolchains=("$@")
[ $# -gt 0 ] || toolchains=(clang old sanitized)
for toolchain in "${toolchains[@]}"; do
  case $toolchain in
    clang | old | sanitized) ;;
    *)
      echo "toolchains: expected clang, old or sanitized, found $toolchain" >&2
      exit 2
      ;;
  esac
done

# run_tests FOLDER [CTEST OPTION...]: runs its tests, all of them even if one fails
run_tests() {
  ctest --test-dir "$1" --parallel "$jobs" --output-on-failure --no-tests=error --no-label-summary "${@:2}" 2>&1 |
    tee "$1/test.log"
}

clang() {
  scripts/setup.sh clang-14
  [ -f build/clang/build.ninja ] || cmake --preset clang
  cmake --build build/clang --parallel "$jobs"
  run_tests build/clang --label-exclude 'network|slow|levels'
}

# CMake before 3.24 knows no CMAKE_COMPILE_WARNING_AS_ERROR.
old() {
  scripts/setup.sh g++-11
  local venv=build/cmake-venv
  # pip writes RECORD last: where it exists, the wheel is whole.
  if ! compgen -G "$venv/lib/python3*/site-packages/cmake-$cmake_version.dist-info/RECORD" >/dev/null; then
    echo "toolchains: installing cmake $cmake_version into $venv"
    python3 -m venv --clear "$venv" &&
      "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "cmake==$cmake_version" || {
      echo "toolchains: $venv: expected pip to install cmake==$cmake_version from PyPI, found that it failed" >&2
      exit 5
    }
  fi
  export PATH=$PWD/$venv/bin:$PATH
  [ -f build/old/build.ninja ] || cmake --preset release -B build/old -DCMAKE_C_COMPILER=gcc-11 \
    -DCMAKE_CXX_COMPILER=g++-11 -DCMAKE_C_FLAGS=-Werror -DCMAKE_CXX_FLAGS=-Werror
  cmake --build build/old --parallel "$jobs"
  run_tests build/old --label-exclude 'network|slow|levels'
}

sanitized() {
  scripts/setup.sh
  [ -f build/sanitized/build.ninja ] || cmake --preset sanitized
  cmake --build build/sanitized --parallel "$jobs" --target "${compiler_tests[@]}"
  # Halide has no sanitizers itself: a vector that it grew looks overrun to code that has.
  export ASAN_OPTIONS=detect_container_overflow=0 UBSAN_OPTIONS=print_stacktrace=1
  run_tests build/sanitized --tests-regex "^($(IFS='|' && echo "${compiler_tests[*]}"))\$"
}

# what TOOLCHAIN: with its versions, for its line
what() {
  case $1 in
    clang) echo "clang $(clang++-14 -dumpversion)" ;;
    old) echo "cmake $cmake_version, g++ $(g++-11 -dumpfullversion)" ;;
    sanitized) echo "the compiler sanitized, $(c++ -dumpfullversion)" ;;
  esac
}

failed=0
lines=()
for toolchain in "${toolchains[@]}"; do
  echo "== $toolchain"
  rm -f "build/$toolchain/test.log"
  start=$SECONDS
  # In a process of its own, which ends where something fails: after || it would not.
  (set -e; "$toolchain") & 
  status=0
  wait $! || status=$?
  [ $status = 0 ] || failed=$status
  result=$(grep -E '^[0-9]+% tests passed' "build/$toolchain/test.log" 2>/dev/null || echo "not built")
  lines+=("$(what "$toolchain"): $result, $(((SECONDS - start + 59) / 60)) minutes")
done
printf '%s\n' "${lines[@]}"
exit $failed
