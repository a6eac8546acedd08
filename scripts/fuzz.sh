#!/usr/bin/env bash
# Runs the fuzz targets of tests/fuzz, one after the other:
#     scripts/fuzz.sh [AMOUNT] [TARGET...]     AMOUNT for each: 60s (seconds, the default) or 10000000 (inputs)
# and ends with a line for each. Inputs that reach new code are kept in build/fuzz/corpus and start the next run, inputs
# that break something in build/fuzz/findings. Exit code 1: something was found; 5: a tool is missing, none is installed.
# FUZZ_BUILD names another folder than build/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${FUZZ_BUILD:-build/fuzz}
all=(safetensors checkpoint record manifest graph onnx picture npy command_line)

amount=60s
[[ ${1:-} =~ ^[0-9]+s?$ ]] && { amount=$1; shift; }
case $amount in
  *s) limit=-max_total_time=${amount%s} ;;
  *) limit=-runs=$amount ;;
esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
for target in "${targets[@]}"; do
  [ -f "tests/fuzz/$target.cpp" ] || { echo "fuzz: expected one of ${all[*]}, found $target" >&2; exit 2; }
done

if ! clang-14 -x c - -fsanitize=fuzzer -o /dev/null 2>/dev/null <<<'int LLVMFuzzerTestOneInput(void) { return 0; }'; then
  echo "fuzz: expected clang 14 with libFuzzer, found none" >&2
  echo "  apt-get install -y --no-install-recommends clang-14 libclang-rt-14-dev" >&2
  exit 5
fi
[ -f "$build/build.ninja" ] || cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" --target "${targets[@]/#/fuzz_}"

# The log's last number behind a word.
last() { grep -oE "$2 *[0-9]+" "$3" | tail -n 1 | grep -oE '[0-9]+$' || echo "$1"; }

# How large a target's inputs grow, and the words that they are made of, where they are text.
inputs_of() {
  case $1 in
    picture | npy) echo -max_len=4096 ;;
    onnx) echo -max_len=16384 -dict=tests/fuzz/onnx.dict ;;
    command_line) echo -max_len=256 -dict=tests/fuzz/flags.dict ;;
    *) echo -max_len=4096 -dict=tests/fuzz/json.dict ;;
  esac
}

# fuzz TARGET: leaves its log; shows on a terminal how far it is
fuzz() {
  local log=$build/logs/$1 corpus=$build/corpus/$1 started=$SECONDS
  mkdir -p "$build/logs" "$build/findings" "$corpus"
  # No input is that large or needs that much, and none takes that long unless the process is stopped for a while.
  # Allocations remember few callers: that makes it faster.
  ASAN_OPTIONS=malloc_context_size=4:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1 \
    "$build/fuzz_$1" "$limit" $(inputs_of "$1") -timeout=60 -rss_limit_mb=1024 -malloc_limit_mb=128 -entropic=0 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$1-" \
    "$corpus" "tests/fuzz/seeds/$1" >"$log" 2>&1 &
  while kill -0 $! 2>/dev/null; do
    sleep 0.5
    [ ! -t 2 ] || printf '\r%-14s %4d s  %10s inputs' "$1" $((SECONDS - started)) "$(last 0 '#' "$log")" >&2
  done
  [ ! -t 2 ] || printf '\r%60s\r' "" >&2
  wait $!
}

# summary TARGET FOUND: its line
summary() {
  local log=$build/logs/$1
  local inputs rate
  inputs=$(last 0 number_of_executed_units: "$log")
  rate=$(last 0 average_exec_per_sec: "$log")
  printf '%-14s %10d inputs  %5d s  %6d inputs/s  %5d of %5d edges  %s\n' "$1" "$inputs" \
    $((rate > 0 ? (inputs + rate / 2) / rate : 0)) "$rate" "$(last 0 cov: "$log")" \
    "$(sed -nE 's/.*\(([0-9]+) inline 8-bit counters\).*/\1/p' "$log" | head -n 1)" "$2"
}

found=0
for target in "${targets[@]}"; do
  if fuzz "$target"; then
    summary "$target" "nothing found"
  else
    found=1
    summary "$target" "FOUND: $(sed -n 's/.*Test unit written to //p' "$build/logs/$target" | head -n 1)"
    grep -E 'SUMMARY|runtime error' "$build/logs/$target" | head -n 3 || true
  fi
done
exit $found
