#!/usr/bin/env bash
# Compiles networks for OpenCL alone, compares every layer of each with operators in double on this machine's device, and prints
# one table in Markdown: the relative RMS error of outputs and layers, and what the same sums lose in plain float32. An error
# above 5e-6, or above what the network allows, ends it with 1.
#
#     scripts/opencl.sh                     every network of `hardnet list` at a small size, a batch, and some at their full size
#     scripts/opencl.sh NETWORK[=SIZE]...   these: hardnet68=224x224, hardnet68_b4 of four images
#
# Needs a build of the program and an OpenCL (`hardnet doctor` says what is there; PoCL runs on the CPU: apt-get install
# pocl-opencl-icd). HARDNET_DEVICE names the device, opencl:1. On PoCL and two cores all take three quarters
# of an hour, of which most is compiling; what is compiled stays in build/gpu/cache, texts of each network in build/gpu/opencl.
set -euo pipefail
cd "$(dirname "$0")/.."
device=${HARDNET_DEVICE:-opencl}
export HARDNET_CACHE=${HARDNET_CACHE:-$PWD/build/gpu/cache}
out=build/gpu/opencl
if [ ! -x build/hardnet ]; then
  echo "opencl: build/hardnet: expected the program with its compiler, found none (scripts/quickstart.sh builds it)" >&2
  exit 5
fi

small_size() {  # of a network
  case $1 in
    digits) echo 32x32 ;;
    shapes_*) echo 128x128 ;;
    ssd512_*) echo 276x308 ;;
    vgg16) echo 224x224 ;;
    fc* | centernet_*) echo 96x128 ;;
    *) echo 96x64 ;;
  esac
}

# check NETWORK[=SIZE]: a row of the table
check() {
  local name=${1%=*} model batch=1 weights=seed:1 size package text
  model=${name%_b[0-9]*}
  [ "$model" = "$name" ] || batch=${name##*_b}
  size=$(small_size "$model")
  [ "$name" = "$1" ] || size=${1#*=}
  local record=$model package=$out/${name}_$size
  [ ! -f "models/$model.json" ] || record=models/$model.json weights=tools/train/$model.safetensors
  text=$package.txt
  build/hardnet compile "$record" --weights "$weights" --input "$size" --batch "$batch" --target opencl -o "$package" >"$text" 2>&1 &&
    build/hardnet verify "$package" --per-layer --device "$device" >>"$text" 2>&1 || failed=1
  python3 - "$package/verify.json" "$name" "$size" "$batch" <<'PYTHON' || failed=1
import json
import sys

MOST = 5e-6
path, name, size, batch = sys.argv[1:]
try:
    with open(path) as file:
        result = json.load(file)
except FileNotFoundError:
    sys.exit(f"opencl: {name} at {size}: expected to compile and run, found what {path.rsplit('/', 1)[0]}.txt says")
outputs, layers = result["outputs"], result["layers"]
errors = [max(check["relative_rms"] for check in checks) for checks in (outputs, layers)]
plain = max(check["plain_float32"] for check in outputs)
print(f"| {name.rsplit('_b', 1)[0]} | {size} | {batch} | {len(layers)} | {errors[0]:.1e} | {plain:.1e} | {errors[1]:.1e} |", flush=True)
if max(errors) > MOST or not result["holds"]:
    sys.exit(f"opencl: {name} at {size}: expected errors of at most {MOST}, found {max(errors):.1e}")
PYTHON
  rm -rf "$package"
}

networks=("$@")
if [ $# = 0 ]; then
  mapfile -t networks < <(build/hardnet list | awk 'NR > 1 { print $1 }')
  networks+=(hardnet68_b4 digits shapes_segmenter shapes_detector hardnet39ds=224x224 hardnet68=224x224)
fi
mkdir -p "$out"
build/hardnet doctor | sed -n '/^opencl:/,/^$/p'
echo '| network | input | images | layers | error of the outputs | plain float32 | largest of a layer |'
echo '|---|---|---|---|---|---|---|'
failed=0
for network in "${networks[@]}"; do check "$network"; done
exit $failed
