#!/usr/bin/env bash
# Checks and times the packages of this folder, which scripts/gpu.sh packed, on this machine's NVIDIA GPU. Results go to results/:
# a text for each step and network, and tables in Markdown. Without a GPU it checks one small package on the CPU.
#
#     ./run.sh [STEP...] [NETWORK...]      default: every step, every network of packages.txt
#
#     verify     every layer of every network against operators in double: the worst one, and its bound
#     sanitize   compute-sanitizer's memcheck, racecheck, synccheck and initcheck over one run of each small network
#     bench      times, in turns with PyTorch's, behind a comparison of the outputs (rivals.py; PYTHON names its python3)
#
# Exit code 1: a bound is broken, a sanitizer complains or outputs differ; 2: usage; 5: something is missing.
set -euo pipefail
cd "$(dirname "$0")"
small="digits shapes_segmenter hardnet39ds hardnet68ds hardnet68"
sanitizer_seconds=${SANITIZER_SECONDS:-90}
hardnet=$PWD/bin/hardnet
python=${PYTHON:-python3}
failed=0
fail() {  # fail CODE WHAT EXPECTED FOUND
  echo "run: $2: expected $3, found $4" >&2
  exit "$1"
}

steps="" networks=""
for word in "$@"; do
  case $word in
    verify | sanitize | bench) steps+=" $word" ;;
    *)
      grep -q "^$word " packages.txt ||
        fail 2 "$word" "verify, sanitize, bench or one of $(cut -d' ' -f1 packages.txt | xargs)" "neither"
      networks+=" $word"
      ;;
  esac
done
chosen=${networks:-$(cut -d' ' -f1 packages.txt)}
mkdir -p results

# A package's weights where it came without: made from their seed.
make_weights() {
  local name model weights
  grep -E "^($(echo "$*" | tr ' ' '|')) " packages.txt | while read -r name model weights; do
    [ "$weights" != own ] && [ ! -f "packages/$name/$name.safetensors" ] || continue
    "$hardnet" import "$weights" --model "$model" --folded -o "packages/$name/$name.safetensors" </dev/null >/dev/null
  done
}

verify() {  # verify DEVICE NETWORK...
  local device=$1 table=results/verify.md name text start
  shift
  printf '| network | device | worst layer | relative RMS | bound | plain float32 | holds | seconds |\n|---|---|---|---|---|---|---|---|\n' >$table
  for name in "$@"; do
    text=results/verify_$name.txt start=$SECONDS
    "$hardnet" verify "packages/$name" --per-layer --device "$device" >"$text" 2>&1 || failed=1
    # The worst is the one that is nearest to its bound; "broken" stands behind one that is beyond it.
    awk -v name="$name" -v device="$device" -v seconds=$((SECONDS - start)) '
      { broken = $NF == "broken"; last = NF - broken }
      $last ~ /^[0-9.]+e[-+][0-9]+$/ && NF >= 5 {
        layers++; any += broken
        if (layers == 1 || $(last - 3) / $last > worst) { worst = $(last - 3) / $last; row = $1 " | " $(last - 3) " | " $last " | " $(last - 1) }
      }
      END {
        if (layers) printf "| %s | %s | %s | %s | %d |\n", name, device, row, any ? "no" : "yes", seconds
        else printf "| %s | %s | - | - | - | - | failed | %d |\n", name, device, seconds
      }' "$text" | tee -a $table
    grep -m 3 -E '^hardnet: |broken$' "$text" || true
  done
}

sanitize() {  # sanitize NETWORK...
  local tool name text code table=results/sanitize.md sanitizer
  sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer) ||
    { echo "sanitize: skipped: no compute-sanitizer, which the CUDA toolkit has"; return; }
  printf '| network | tool | result |\n|---|---|---|\n' >$table
  for name in "$@"; do
    for tool in memcheck racecheck synccheck initcheck; do
      text=results/sanitize_${name}_$tool.txt code=0
      timeout "$sanitizer_seconds" "$sanitizer" --tool $tool --error-exitcode 99 "$hardnet" run "packages/$name" flower.jpg \
        --device cuda >"$text" 2>&1 || code=$?
      case $code in
        0) code="$(grep -E 'SUMMARY' "$text" | tail -n 1 | sed 's/^=* *//' | grep . || echo 'no summary')" ;;
        124) code="not done after $sanitizer_seconds seconds (SANITIZER_SECONDS)" ;;
        *) code="exit code $code: $(grep -E 'SUMMARY|^hardnet: ' "$text" | tail -n 1 | sed 's/^=* *//')" failed=1 ;;
      esac
      echo "| $name | $tool | $code |" | tee -a $table
    done
  done
}

bench() {  # bench NETWORK...
  if "$python" -c 'import torch' 2>/dev/null; then
    "$python" rivals.py --device cuda "$@" || failed=1
  else
    echo "bench: $python has no PyTorch (PYTHON names another): the networks are timed alone"
  fi
  for name in "$@"; do
    "$hardnet" bench "packages/$name" --device cuda --layers --seconds 0.5 >"results/layers_$name.txt" 2>&1 || failed=1
    head -n 3 "results/layers_$name.txt"
  done
}

"$hardnet" doctor >results/machine.txt 2>&1 || true
if ! grep -q 'compute capability' results/machine.txt; then
  grep '^cuda: ' results/machine.txt || true
  echo "no GPU:" ${steps:-verify sanitize bench} of $chosen "would run on one; the first network is verified on the CPU"
  set -- $chosen
  make_weights "$1"
  verify cpu "$1"
  exit $failed
fi
nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem,power.limit --format=csv >>results/machine.txt 2>&1 ||
  true
cat results/machine.txt
echo "== weights"
make_weights $chosen
for step in ${steps:-verify sanitize bench}; do
  echo "== $step"
  case $step in
    verify) verify cuda $chosen ;;
    sanitize) sanitize ${networks:-$(for name in $small; do grep -o "^$name " packages.txt || true; done)} ;;
    bench) bench $chosen ;;
  esac
done
exit $failed
