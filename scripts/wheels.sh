#!/usr/bin/env bash
# Builds the Python wheel hardnet-runtime into a folder: the module and its library for glibc 2.28 and newer, with Debian's
# libjpeg, libpng and libwebp linked in. The compiler is the PyPI wheel `ziglang`, for Debian's own binds to a newer glibc.
# Then installs it into an empty environment, checks what it links and how large it is, and runs tests/python there, beside
# build/hardnet. x86-64 alone; exit code 1: not as asked, 5: something is missing.
#
#     scripts/wheels.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# != 1 ]; then
  echo "wheels: expected FOLDER, found $# arguments" >&2
  exit 2
fi
if [ "$(uname -m)" != x86_64 ]; then
  echo "wheels: expected an x86-64 machine, found $(uname -m)" >&2
  exit 5
fi
scripts/setup.sh
mkdir -p "$1"
wheels=$(cd "$1" && pwd)

glibc=2.28
most_bytes=3000000  # of the wheel
folder=$PWD/build/wheels
prefix=$folder/prefix
venv=$folder/venv
python=/usr/bin/python3
tools=(ziglang==0.17.1 scikit-build-core==1.1.2 build==1.6.1 wheel)
export ZIG_GLOBAL_CACHE_DIR=$folder/cache ZIG_LOCAL_CACHE_DIR=$folder/cache

mkdir -p "$folder"
if [ "$(cat "$venv/tools" 2>/dev/null)" != "${tools[*]}" ]; then
  echo "wheels: installing ${tools[*]} into $venv"
  "$python" -m venv --clear "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "${tools[@]}" || {
    echo "wheels: $venv: expected pip to install ${tools[*]} from PyPI, found that it failed" >&2
    exit 5
  }
  echo "${tools[*]}" >"$venv/tools"
fi

# What is linked in, apart from Debian's other headers, which are of a newer glibc.
libraries=/usr/lib/x86_64-linux-gnu
rm -rf "$prefix"
mkdir -p "$prefix/include" "$prefix/lib/cmake" "$prefix/licences"
cp -rLp /usr/include/{jpeglib.h,jmorecfg.h,jerror.h,png.h,pngconf.h,pnglibconf.h,zlib.h,zconf.h,webp,fmt,nlohmann,CLI} \
  /usr/include/x86_64-linux-gnu/jconfig.h "$prefix/include"
cp -Lp "$libraries"/lib{jpeg,png,webp,z}.a "$prefix/lib"
for package in libjpeg-turbo8-dev libjpeg62-turbo libpng16-16 libwebp7 zlib1g libfmt-dev nlohmann-json3-dev; do
  [ ! -f "/usr/share/doc/$package/copyright" ] || cp "/usr/share/doc/$package/copyright" "$prefix/licences/$package.txt"
done
# header_only NAME TARGET [DEFINITION]: a CMake package of headers alone
header_only() {
  cat >"$prefix/lib/cmake/$1-config.cmake" <<END
add_library($2 INTERFACE IMPORTED)
set_target_properties($2 PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "$prefix/include" INTERFACE_COMPILE_DEFINITIONS "${3:-}")
END
}
header_only fmt fmt::fmt FMT_HEADER_ONLY=1
header_only nlohmann_json nlohmann_json::nlohmann_json
header_only CLI11 CLI11::CLI11

# CMake wants compilers of one word.
zig=$(compgen -G "$venv/lib/python3*/site-packages/ziglang/zig")
for language in cc c++; do
  printf '#!/bin/sh\nexec "%s" %s -target x86_64-linux-gnu.%s -g0 -fno-sanitize=undefined "$@"\n' \
    "$zig" "$language" "$glibc" >"$folder/$language"
  chmod +x "$folder/$language"
done

# Debian's static libraries are for programs: they refer to libc's `stderr` where a shared library may not. Theirs is a
# variable of our own, which holds it.
cat >"$folder/stderr.c" <<'END'
#include <stdio.h>
FILE *hardnet_stderr;
__attribute__((constructor)) static void take_stderr(void) { hardnet_stderr = stderr; }
END
"$folder/cc" -O1 -fPIC -fvisibility=hidden -c "$folder/stderr.c" -o "$folder/stderr.o"
for library in jpeg png; do
  objcopy --redefine-sym stderr=hardnet_stderr "$prefix/lib/lib$library.a"
  ar rs "$prefix/lib/lib$library.a" "$folder/stderr.o"
done

# Zig would link exp and the like of a library of its own, whose last bits are others. These are what vision/ calls.
math='exp expf exp2 log2'
for name in $math; do
  printf '__asm__(".symver %s,%s@GLIBC_2.2.5");\n' "$name" "$name"
done >"$folder/glibc_math.new"
cmp -s "$folder/glibc_math.new" "$folder/glibc_math.h" || cp "$folder/glibc_math.new" "$folder/glibc_math.h"

licences=$(printf '%s;' "$prefix"/licences/*.txt)
rm -rf "$folder/dist"
CC=$folder/cc CXX=$folder/c++ "$venv/bin/python" -m build --wheel --no-isolation --outdir "$folder/dist" python \
  -Cbuild-dir="$folder/runtime" \
  -Ccmake.define.CMAKE_PREFIX_PATH="$prefix" -Ccmake.define.CMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF \
  -Ccmake.define.CMAKE_C_FLAGS="-include $folder/glibc_math.h" \
  -Ccmake.define.fmt_DIR="$prefix/lib/cmake" -Ccmake.define.CLI11_DIR="$prefix/lib/cmake" \
  -Ccmake.define.nlohmann_json_DIR="$prefix/lib/cmake" \
  -Ccmake.define.HARDNET_PYTHON_LICENCES="${licences%;}"
"$venv/bin/wheel" tags --remove --platform-tag "manylinux_${glibc/./_}_x86_64" "$folder"/dist/*.whl >/dev/null
wheel=$(compgen -G "$folder/dist/*.whl")

echo "== the wheel in an empty environment"
"$python" -m venv --clear "$folder/empty"
"$folder/empty/bin/pip" install --quiet --disable-pip-version-check "$wheel"
library=$(compgen -G "$folder/empty/lib/python3*/site-packages/hardnet/_libhardnet.so")
foreign=$(objdump -p "$library" | awk '$1 == "NEEDED" { print $2 }' |
  grep -vxE 'lib(c|m|pthread|dl|rt)\.so\.[0-9]+|ld-linux-x86-64\.so\.2' || true)
newest=$(objdump -T "$library" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
bytes=$(stat -c %s "$wheel")
fail() {
  echo "wheels: $(basename "$wheel"): expected $1, found $2" >&2
  exit 1
}
[ -z "$foreign" ] || fail "glibc alone" "$foreign"
[ "$(printf 'GLIBC_%s\n' "$glibc" "${newest#GLIBC_}" | sort -V | tail -n 1)" = "GLIBC_$glibc" ] ||
  fail "symbols of glibc $glibc at most" "$newest"
[ "$bytes" -le "$most_bytes" ] || fail "at most $most_bytes bytes" "$bytes"
own=$(nm "$folder/runtime/python/hardnet/_libhardnet.so" | grep -E " t (${math// /|})\$" || true)
[ -z "$own" ] || fail "glibc's exp" "$own"
if [ -x build/hardnet ]; then
  "$folder/empty/bin/pip" install --quiet --disable-pip-version-check pillow
  HARDNET_PROGRAM=$PWD/build/hardnet HARDNET_CACHE=$PWD/build/test-cache PYTHONDONTWRITEBYTECODE=1 \
    "$folder/empty/bin/python" tests/python/run_tests.py >"$folder/tests.log" || {
    cat "$folder/tests.log" >&2
    fail "the tests of tests/python to pass" "a failure"
  }
else
  echo "wheels: note: the tests of tests/python are not run, since build/hardnet is not built"
fi
cp "$wheel" "$wheels"
echo "$wheels/$(basename "$wheel"): $bytes bytes, $newest"
