#!/usr/bin/env bash
# Holds two states of the sources to the same packages, byte by byte: for a change that moves code and computes nothing new.
# A kernel is named by a hash of the generators' text, so both programs are built with that hash pinned:
#
#     cmake --preset release -B build/pinned -DHARDNET_PINNED_SOURCES=pinned && cmake --build build/pinned --target hardnet
#     scripts/same_bytes.sh build/pinned/hardnet before.txt      before the change
#     scripts/same_bytes.sh build/pinned/hardnet after.txt       behind it
#     diff before.txt after.txt && echo same
#
# Compiles every network of `list` and the boxed records at a small size for every level, prepacked for each level where one
# network is, each run from an empty cache, and writes the SHA-256 of every file. Half an hour to an hour on two cores; a
# third argument is a pattern of the names that are wanted: 'hardnet.*'.
set -euo pipefail

program=$(realpath "$1")
hashes=$(realpath "$2")
wanted=${3:-.*}
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HARDNET_CACHE=$folder/cache

# size NAME: small, odd where the network allows it
size() {
  case $1 in
    ssd512_*) echo 276x308 ;;
    vgg16) echo 224x224 ;;
    fc* | shapes_segmenter) echo 96x128 ;;
    digits) echo 32x32 ;;
    *) echo 96x64 ;;
  esac
}

: >"$hashes"
for model in $("$program" list | awk 'NR > 1 { print $1 }') models/*.json; do
  name=$(basename "$model" .json)
  [[ $name =~ ^($wanted)$ ]] || continue
  options=(--target x86-64 --target arm64)
  [ "$name" != hardnet39ds ] || options+=(--prepack avx512 --prepack avx2 --prepack sse41 --prepack neon)
  "$program" compile "$model" --weights seed:1 --input "$(size "$name")" "${options[@]}" -o "$folder/$name" >"$folder/log" 2>&1 ||
    { echo "same_bytes: $name: expected a package, found: $(cat "$folder/log")" >&2; exit 3; }
  (cd "$folder" && find "$name" -type f | LC_ALL=C sort | xargs sha256sum) >>"$hashes"
  rm -rf "${folder:?}/$name"
  echo "$(date +%T) $name" >&2
done
