#!/usr/bin/env bash
# Builds the runtime and its tests with musl, statically and with no kernel headers in reach, and runs them; but for the
# tests that count allocations, which stand on glibc's malloc. The compiler is the PyPI wheel `ziglang`, installed into
# build/musl-venv. The last line is CTest's closing line, with the libc in front; any failure ends with another exit code
# than 0, 5 where something is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

zig_version=0.17.1
venv=build/musl-venv
folder=$PWD/build/musl
tests=(runtime_test runtime_threads_test runtime_c99_test runtime_device_test)
export ZIG_GLOBAL_CACHE_DIR=$folder/cache ZIG_LOCAL_CACHE_DIR=$folder/cache

# pip writes RECORD last: where it exists, the wheel is whole.
if ! compgen -G "$venv/lib/python3*/site-packages/ziglang-$zig_version.dist-info/RECORD" >/dev/null; then
  echo "musl: installing ziglang $zig_version into $venv"
  python3 -m venv --clear "$venv" &&
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "ziglang==$zig_version" || {
    echo "musl: $venv: expected pip to install ziglang==$zig_version from PyPI, found that it failed" >&2
    exit 5
  }
fi
if [ ! -f /usr/src/googletest/CMakeLists.txt ]; then
  echo "musl: /usr/src/googletest: expected GoogleTest's sources, found none; install them with" >&2
  echo "  apt-get install -y --no-install-recommends googletest" >&2
  exit 5
fi

# Writes a file unless it already reads so, for nothing is built anew where nothing changed.
write() {
  local text
  text=$(cat)
  [ "$(cat "$1" 2>/dev/null)" = "$text" ] || printf '%s\n' "$text" >"$1"
}

# CMake wants compilers of one word. Zig carries the kernel's headers; what includes one here does not compile.
mkdir -p "$folder/no-kernel/linux"
zig=$(compgen -G "$PWD/$venv/lib/python3*/site-packages/ziglang/zig")
# One mode for whatever is linked: zig builds its libraries once per mode, and another one for its own checks.
flags="-target x86_64-linux-musl -O1 -g0 -fno-sanitize=undefined"
write "$folder/cc" <<<"#!/bin/sh
exec '$zig' cc $flags \"\$@\""
# Only tests are C++: half the compile time
write "$folder/c++" <<<"#!/bin/sh
case \" \$* \" in *' -c '*) set -- \"\$@\" -O0 ;; esac
exec '$zig' c++ $flags \"\$@\""
chmod +x "$folder/cc" "$folder/c++"
write "$folder/no-kernel/linux/futex.h" <<<'#error "expected no header of the kernel, found linux/futex.h included"'

# configure SOURCES BUILD [OPTION...]: once
configure() {
  [ -f "$2/build.ninja" ] && return
  cmake -S "$1" -B "$2" -G Ninja -DCMAKE_C_COMPILER="$folder/cc" -DCMAKE_CXX_COMPILER="$folder/c++" \
    -DCMAKE_BUILD_TYPE=Release "${@:3}" >"$2.log" || {
    cat "$2.log" >&2
    exit 1
  }
}

echo "== GoogleTest for musl"
configure /usr/src/googletest "$folder/googletest" -DCMAKE_INSTALL_PREFIX="$folder/prefix" -DCMAKE_INSTALL_LIBDIR=lib
cmake --build "$folder/googletest"
[ -f "$folder/prefix/lib/libgtest.a" ] || cmake --install "$folder/googletest" >/dev/null
echo "== the runtime for musl"
configure . "$folder/runtime" -DHARDNET_WITH_PROGRAM=OFF -DGTest_DIR="$folder/prefix/lib/cmake/GTest" \
  -DCMAKE_C_FLAGS="-I$folder/no-kernel" -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
cmake --build "$folder/runtime" --target "${tests[@]}"
ctest --test-dir "$folder/runtime" --output-on-failure --no-tests=error --no-label-summary \
  --tests-regex "^($(IFS='|' && echo "${tests[*]}"))\$" | tee "$folder/test.log"
echo "musl, static: $(grep -E '^[0-9]+% tests passed' "$folder/test.log")"
