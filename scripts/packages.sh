#!/usr/bin/env bash
# Makes Debian's packages of the program without the compiler and of the runtime, and a tar.gz of the runtime for ARM64, and tries
# them: lintian finds no error; in a bare Debian 12 the packages are installed, run a network on a picture as build/hardnet does,
# have a program linked with them, and leave nothing behind; a program linked with the archive's runtime runs under qemu.
# The bare Debian is made once, in build/packaging/root. Exit code 1: not as asked, 2: usage, 5: something is missing.
#
#     scripts/packages.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
fail() {  # fail CODE WHAT EXPECTED FOUND
  echo "packages: $2: expected $3, found $4" >&2
  exit "$1"
}
[ $# = 1 ] || fail 2 usage FOLDER "$# arguments"
[ "$(uname -m)" = x86_64 ] || fail 5 "this machine" x86-64 "$(uname -m)"
[ "$(id -u)" = 0 ] || fail 5 "this user" "root, for a root folder of its own" "$(id -un)"
[ -x build/hardnet ] || fail 5 build/hardnet "the program with its compiler" "none (scripts/quickstart.sh builds it)"
scripts/setup.sh debootstrap lintian dpkg-dev file gcc-aarch64-linux-gnu qemu-user
mkdir -p "$1" build/packaging
out=$(cd "$1" && pwd)
work=$PWD/build/packaging
jobs=2
SOURCE_DATE_EPOCH=$(date -d "$(sed -n 's/^ -- .*>  //p' cmake/debian/changelog.in)" +%s)
export SOURCE_DATE_EPOCH  # packages say nothing of when they were built

echo "== packages of Debian"
cmake -S . -B "$work/debian" -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DHARDNET_DEBIAN=ON -DHARDNET_WITH_COMPILER=OFF \
  -DHARDNET_TESTS=OFF -DCMAKE_UNITY_BUILD=ON >"$work/log"
cmake --build "$work/debian" --parallel $jobs >>"$work/log"
rm -f "$work/debian"/*.deb
cpack --config "$work/debian/CPackConfig.cmake" -G DEB -B "$work/debian" >>"$work/log"
lintian --allow-root --fail-on error --tag-display-limit 0 "$work/debian"/*.deb

echo "== archive for ARM64"
cmake -S . -B "$work/arm64" -G Ninja --toolchain cmake/aarch64-linux-gnu.cmake -DHARDNET_WITH_PROGRAM=OFF -DHARDNET_TESTS=OFF \
  >>"$work/log"
cmake --build "$work/arm64" --parallel $jobs >>"$work/log"
cpack --config "$work/arm64/CPackConfig.cmake" -G TGZ -B "$work/arm64" >>"$work/log"
archive=$(compgen -G "$work/arm64/hardnet-*-linux-aarch64.tar.gz")

# What both are tried with: a small network under the name that examples/classify.c knows, and an image of zeros.
try=$work/try
rm -rf "$try"
mkdir -p "$try"
HARDNET_CACHE=$PWD/build/test-cache build/hardnet compile hardnet39ds --weights seed:1 --input 64x64 --name hardnet68 \
  --target x86-64 --target arm64 -o "$try/package" >>"$work/log"
cp tests/data/flower.jpg examples/classify.c "$try"
head -c $((3 * 64 * 64 * 4)) /dev/zero >"$try/zeros.f32"
(cd "$try" && ../../hardnet run package flower.jpg --json >expected.json)

echo "== the packages in a bare Debian 12"
if [ ! -f "$work/root.made" ]; then
  rm -rf "$work/root"
  debootstrap --variant=minbase bookworm "$work/root" >>"$work/log"
  touch "$work/root.made"
fi
root=$work/bare
rm -rf "$root"
cp -a --reflink=auto "$work/root" "$root"
cp -L /etc/resolv.conf "$root/etc/"
cp -r "$try" "$root/try"
cp "$work/debian"/*.deb "$root/try"
cat >"$root/try/inside.sh" <<'INSIDE'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
cd /try
install() { apt-get install -y -qq --no-install-recommends "$@" >>log 2>&1 || { tail log; exit 1; }; }
apt-get update -qq
install ./hardnet_*.deb
hardnet run package flower.jpg --json >found.json
cmp found.json expected.json
for verb in compile tune explain; do
  code=0
  hardnet $verb 2>said || code=$?
  [ $code = 5 ] && grep -q 'built without' said && [ "$(wc -l <said)" = 1 ] || { cat said; exit 1; }
done
install ./libhardnet*.deb gcc libc6-dev pkg-config
cc -std=c99 -I package classify.c package/hardnet68.c $(pkg-config --cflags hardnet-runtime) \
  package/lib/x86_64-linux/libhardnet68.a $(pkg-config --libs hardnet-runtime) -o classify
./classify package/hardnet68.safetensors zeros.f32 >classes
printf '#include <hardnet/hardnet.h>\n#include <stdio.h>\nint main(void) { puts(hardnet_version()); return 0; }\n' >version.c
cc version.c -lhardnet -o version
[ "$(./version)" = "$(hardnet --version)" ]
dpkg -L hardnet libhardnet0 libhardnet-dev | sort -u >files
apt-get purge -y -qq hardnet libhardnet0 libhardnet-dev >>log 2>&1
while read -r file; do [ ! -e "$file" ] && [ ! -L "$file" ] || [ -d "$file" ] || { echo "left behind: $file"; exit 1; }; done <files
left=$(find / -xdev -path /try -prune -o -path /proc -prune -o -name '*hardnet*' -print)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
INSIDE
unshare --mount --pid --fork --root="$root" --mount-proc bash /try/inside.sh || fail 1 "the packages in $root" "them to work" "the above"

echo "== the archive under qemu"
prefix=$try/moved
mkdir "$prefix"
tar -xzf "$archive" -C "$prefix" --strip-components=1
aarch64-linux-gnu-gcc -static -std=c99 -I "$try/package" "$try/classify.c" "$try/package/hardnet68.c" \
  $(PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig pkg-config --cflags hardnet-runtime) \
  "$try/package/lib/aarch64-linux/libhardnet68.a" \
  $(PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig pkg-config --libs hardnet-runtime) -o "$try/classify.arm64"
qemu-aarch64 "$try/classify.arm64" "$try/package/hardnet68.safetensors" "$try/zeros.f32" >"$try/classes.arm64"
classes() { awk '{ print $2 }' "$1"; }  # the last bits of logits are a level's own
[ "$(classes "$try/classes.arm64")" = "$(classes "$root/try/classes")" ] ||
  fail 1 "$archive" "the classes of x86-64" "$(classes "$try/classes.arm64" | xargs)"

rm -rf "$root"
cp "$work/debian"/*.deb "$archive" "$out"
(cd "$out" && ls -l --time-style=+ ./*.deb "$(basename "$archive")" | awk '{ print $NF ": " $5 " bytes" }')
