#!/usr/bin/env bash
# Builds the program for ARM64 and links what a package holds for it, as docs/arm64.md explains:
#
#     scripts/arm64.sh program [BUILD_FOLDER]     BUILD_FOLDER/hardnet for a board, without the compiler
#     scripts/arm64.sh link PACKAGE               PACKAGE/lib/aarch64-linux/libNAME.so, which run, bench and verify open
#
# On a board `link` uses the board's cc, elsewhere the cross compiler. Exit code 5: something is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

need() {  # need TOOL PACKAGE
  command -v "$1" >/dev/null && return
  echo "arm64: $1: expected on PATH, found none; install it with" >&2
  echo "  apt-get install -y --no-install-recommends $2" >&2
  exit 5
}

build_program() {
  need aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
  local build=${1:-$here/build-arm64}
  cmake -S "$here" -B "$build" -G Ninja --toolchain "$here/cmake/aarch64-linux-gnu.cmake" \
    -DHARDNET_WITH_COMPILER=OFF -DHARDNET_TESTS=OFF
  cmake --build "$build" --target hardnet
}

link_package() {
  local package=$1 archive name compiler=cc
  if [ "$(uname -m)" != aarch64 ]; then
    compiler=aarch64-linux-gnu-gcc
  fi
  need "$compiler" "$([ "$compiler" = cc ] && echo gcc || echo gcc-aarch64-linux-gnu)"
  archive=$(compgen -G "$package/lib/aarch64-linux/lib*.a") || {
    echo "arm64: $package: expected kernels in lib/aarch64-linux, found none (hardnet compile --target arm64)" >&2
    exit 3
  }
  name=$(basename "$archive" .a)
  name=${name#lib}
  "$compiler" -std=c99 -O1 -fPIC -shared -s -I "$here/runtime/include" -Wl,--exclude-libs,ALL -Wl,--build-id=none \
    -o "$package/lib/aarch64-linux/lib$name.so" "$package/$name.c" "$archive"
  echo "$package/lib/aarch64-linux/lib$name.so"
}

case ${1:-} in
  program) build_program "${2:-}" ;;
  link) link_package "${2:?package folder}" ;;
  *)
    echo "usage: scripts/arm64.sh program [BUILD_FOLDER] | link PACKAGE" >&2
    exit 2
    ;;
esac
