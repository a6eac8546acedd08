#!/usr/bin/env bash
# Tells how much of the ONNX reader its fuzz target reaches from the seeds and from what runs of scripts/fuzz.sh kept:
#     scripts/fuzz_reached.sh            lines by file, each field and each refusal that was not reached, and how many were
#     scripts/fuzz_reached.sh --seeds    takes tests/fuzz/seeds/onnx/tests anew from the models that tests/onnx reads first
# Exit code 5: a tool is missing, none is installed. FUZZ_BUILD names another folder of kept inputs than build/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/fuzz-coverage
kept=${FUZZ_BUILD:-build/fuzz}/corpus/onnx
seeds=tests/fuzz/seeds/onnx
limit=16384 # bytes, as in scripts/fuzz.sh
[ $# -eq 0 ] || [ "$*" = --seeds ] || { echo "fuzz_reached: expected nothing or --seeds, found $*" >&2; exit 2; }

for tool in clang-14 llvm-profdata-14 llvm-cov-14; do
  command -v "$tool" >/dev/null && continue
  echo "fuzz_reached: expected $tool, found none" >&2
  echo "  apt-get install -y --no-install-recommends clang-14 libclang-rt-14-dev llvm-14" >&2
  exit 5
done
[ -f "$build/build.ninja" ] || cmake --preset fuzz-coverage >/dev/null
cmake --build "$build" --target fuzz_onnx

# run OPTION... FOLDER...: leaves its log
run() {
  "$build/fuzz_onnx" -max_len=$limit "$@" 2>"$build/onnx.log" || { tail -n 5 "$build/onnx.log" >&2; exit 1; }
}

# The fewest of the tests' models that reach what all of them and the other seeds do.
if [ $# -gt 0 ]; then
  cmake --build build --target test_onnx test_onnx_import
  rm -rf "$build/test-models" "$build/chosen"
  mkdir -p "$build/test-models" "$build/chosen"
  for test in test_onnx test_onnx_import; do HARDNET_ONNX_SEEDS=$build/test-models "build/$test" >/dev/null; done
  # A model's size decides what else the target asks of it: each in six sizes, by a field of its end that nobody reads.
  for model in "$build/test-models"/*; do
    for field in '\x7a\x00' '\x7a\x01-' '\x7a\x02--' '\x7a\x03---' '\x7a\x05-----'; do
      { cat "$model"; printf "$field"; } >"$model.${#field}"
    done
  done
  find "$build/test-models" -type f -size +$((limit / 1024))k -delete
  cp "$seeds"/*.onnx "$build/chosen"
  LLVM_PROFILE_FILE=/dev/null run -set_cover_merge=1 -use_counters=0 "$build/chosen" "$build/test-models"
  rm -rf "$seeds/tests" "$build/chosen"/*.onnx
  # On one that takes a tenth of a second where others take a thousandth, runs would spend their time.
  LLVM_PROFILE_FILE=/dev/null run "$build/chosen"/*
  awk '/^Executed/ && $4 > 100 { print $2 }' "$build/onnx.log" | xargs -r rm
  cp -r "$build/chosen" "$seeds/tests"
fi

folders=("$seeds")
[ ! -d "$kept" ] || folders+=("$kept")
LLVM_PROFILE_FILE=$build/onnx.profraw run -runs=0 "${folders[@]}"
llvm-profdata-14 merge -o "$build/onnx.profdata" "$build/onnx.profraw"
llvm-cov-14 export "$build/fuzz_onnx" -instr-profile="$build/onnx.profdata" "$PWD/onnx" >"$build/onnx.json"
# What opens files of the disk is tests/onnx/external_data_test.cpp's: the target opens none.
tools/refusals.py "$build/onnx.json" --without external_data.cpp
