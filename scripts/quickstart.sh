#!/usr/bin/env bash
# Builds the program and shows what it does: compiles the boxed digits network, classifies 360 images that it was never
# trained on, then compiles HarDNet-68 with made-up weights, checks it against the reference and measures it.
set -euo pipefail
cd "$(dirname "$0")/.."
hardnet=build/hardnet
digits=build/packages/digits
hardnet68=build/packages/hardnet68

heading() { printf '\n== %s\n' "$1"; }

scripts/setup.sh

heading "Build the program"
[ -f build/build.ninja ] || cmake --preset release
cmake --build build --target hardnet --parallel "$(nproc)"

heading "Compile the digits network, classify images it has never seen"
$hardnet compile models/digits.json --weights tools/train/digits.safetensors --input 32x32 -o $digits
$hardnet run $digits tools/train/digits --top 1 --truth-from-name --sheet build/digits.png | tail -n 2
$hardnet bench $digits --seconds 1 | sed -n 1,2p

heading "Compile HarDNet-68 at 224x224"
$hardnet compile hardnet68 --weights seed:1 --input 224x224 -o $hardnet68
heading "Compare it with the reference operators in double precision"
$hardnet verify $hardnet68
heading "Measure it"
$hardnet bench $hardnet68 --seconds 2
