#!/usr/bin/env bash
# Checks and times packages on a machine with an NVIDIA GPU that has nothing of this project on it: `pack` makes a folder of the
# program, packages and PyTorch's definitions of their networks, `run` does there what bench/gpu/run.sh says. The folder is for
# any x86-64 Linux with glibc 2.36 or later and has no weights that can be made from a seed; it is copied there and its run.sh
# called, which is what `run` does where the GPU is in this machine.
#
#     scripts/gpu.sh pack FOLDER [--all | NETWORK...]   the networks below; or these, NAME_bN of N images;
#                                                       --all: every network of `hardnet list`, all but digits without a CPU's level
#     scripts/gpu.sh run FOLDER [ARGUMENT...]           as FOLDER/run.sh
#     scripts/gpu.sh machine-code NETWORK:HxW...        registers, spills and inner loops as ptxas makes them, without a GPU
#     scripts/gpu.sh roofline NETWORK [HxW]             estimates of the least time on two cards, without a GPU
#
# All networks below take about a quarter of an hour on two cores; what is compiled stays in build/gpu/cache.
set -euo pipefail
cd "$(dirname "$0")/.."
networks=(digits shapes_segmenter hardnet39ds hardnet68ds hardnet68 hardnet68_b32 hardnet85 fchardnet70 ssd512_hardnet68
  centernet_hardnet85)
all=
most_mib=60  # of a folder, which may have to pass through narrow doors
fail() {  # fail CODE WHAT EXPECTED FOUND
  echo "gpu: $2: expected $3, found $4" >&2
  exit "$1"
}

need_program() {
  [ -x build/hardnet ] || fail 5 build/hardnet "the program with its compiler" "none (scripts/quickstart.sh builds it)"
}

# Static but for glibc: CMake's find modules take an archive for a library, fmt's inline functions need none.
build_program() {
  local archives=/usr/lib/x86_64-linux-gnu needed newest
  cmake -S . -B build/gpu-program -G Ninja -DCMAKE_BUILD_TYPE=Release -DHARDNET_WITH_COMPILER=OFF -DHARDNET_TESTS=OFF \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_CXX_FLAGS=-DFMT_HEADER_ONLY \
    -DCMAKE_EXE_LINKER_FLAGS="-static-libstdc++ -static-libgcc -Wl,--as-needed" -DJPEG_LIBRARY=$archives/libjpeg.a \
    -DPNG_LIBRARY_RELEASE=$archives/libpng.a -DZLIB_LIBRARY_RELEASE=$archives/libz.a -DWebP_LIBRARY=$archives/libwebp.a >build/gpu/log
  cmake --build build/gpu-program --parallel 2 --target hardnet >>build/gpu/log || { tail build/gpu/log >&2; exit 1; }
  needed=$(objdump -p build/gpu-program/hardnet | awk '$1 == "NEEDED" && $2 !~ /^(lib(c|m|dl|pthread)|ld-linux-x86-64)\.so/ { print $2 }')
  [ -z "$needed" ] || fail 1 build/gpu-program/hardnet "glibc's libraries alone" "${needed//$'\n'/, }"
  newest=$(objdump -T build/gpu-program/hardnet | grep -o 'GLIBC_2\.[0-9]*' | sort -Vu | tail -n 1)
  [ "${newest#GLIBC_2.}" -le 36 ] || fail 1 build/gpu-program/hardnet "symbols of glibc 2.36 or before" "$newest"
}

# Weights that were trained travel with their package, seeded ones are made on arrival.
add_package() {  # add_package NAME FOLDER
  local name=$1 to=$2/packages/$1 model=${1%_b[0-9]*} batch=1 weights=seed:1 more=()
  local targets=(--target x86-64-v3 --target cuda)
  [ -z "$all" ] || [ "$model" = digits ] || targets=(--target cuda)  # a CPU's level is half of all bytes
  [ "$model" = "$name" ] || batch=${name##*_b}
  case $model in
    digits) weights=tools/train/digits.safetensors ;;
    shapes_*) weights=tools/train/$model.safetensors more=(--input 128x128) ;;
    fchardnet70) more=(--input 512x1024) ;;
  esac
  local record=$model
  [ ! -f "models/$model.json" ] || record=models/$model.json
  build/hardnet compile "$record" --weights "$weights" --batch "$batch" "${more[@]}" "${targets[@]}" \
    --cubins auto --name "$name" -o "$to"
  (cd "$to" && rm -f ./*.c ./*.h ./*.cmake lib/*/*.a)
  if [ "$weights" = seed:1 ]; then rm "$to/$name.safetensors"; else weights=own; fi
  echo "$name $model $weights" >>"$2/packages.txt"
}

pack() {
  local out number=0 size
  [ $# -ge 1 ] || fail 2 usage "pack FOLDER [--all | NETWORK...]" "pack"
  [ "$(uname -sm)" = "Linux x86_64" ] || fail 5 "this machine" "Linux x86_64" "$(uname -sm)"
  need_program
  mkdir -p "$1" build/gpu
  out=$(cd "$1" && pwd)
  [ -z "$(ls -A "$out")" ] || [ -f "$out/packages.txt" ] || fail 2 "$1" "a new folder or an earlier pack" "other files"
  shift
  if [ "${1:-}" = --all ]; then
    all=1
    mapfile -t networks < <(echo digits; echo shapes_segmenter; echo hardnet68_b32; build/hardnet list | awk 'NR > 1 { print $1 }')
  elif [ $# -gt 0 ]; then
    networks=("$@")
  fi
  export HARDNET_CACHE=${HARDNET_CACHE:-$PWD/build/gpu/cache}
  rm -rf "${out:?}"/{bin,packages,packages.txt,oracle,results,run.sh,rivals.py,flower.jpg}
  mkdir -p "$out"/{bin,packages,oracle}
  : >"$out/packages.txt"

  echo "== the program"
  build_program
  strip -o "$out/bin/hardnet" build/gpu-program/hardnet
  cp bench/gpu/run.sh bench/gpu/rivals.py tests/data/flower.jpg "$out"
  cp tools/oracle/{seeded,hardnet,hardnet_s,segmentation,detection,rivals,registry}.py "$out/oracle"
  for name in "${networks[@]}"; do
    number=$((number + 1))
    echo "== $name ($number of ${#networks[@]})"
    add_package "$name" "$out"
  done
  size=$(du -sm "$out" | cut -f1)
  [ "$size" -le $most_mib ] || fail 1 "$out" "at most $most_mib MiB" "$size MiB (fewer networks take less)"
  echo "$out: $size MiB; copy it to a machine with an NVIDIA GPU and call its run.sh there"
}

# PyPI has the disassembler that Debian's toolkit lacks.
machine_code() {
  local venv=build/gpu/venv
  need_program
  if [ ! -x $venv/bin/pip ] || ! compgen -G "$venv/lib/python3*/site-packages/nvidia/*/bin/nvdisasm" >/dev/null; then
    python3 -m venv $venv
    $venv/bin/pip install -q nvidia-cuda-nvcc nvidia-cuda-nvdisasm
  fi
  PATH=$PATH:/usr/local/cuda/bin:$(echo "$PWD"/$venv/lib/python3*/site-packages/nvidia/*/bin | tr ' ' ':') \
    HARDNET_CACHE=${HARDNET_CACHE:-$PWD/build/gpu/cache} exec python3 bench/gpu/machine_code.py "$@"
}

case ${1:-} in
  machine-code) shift && machine_code "$@" ;;
  roofline) shift && need_program && exec python3 bench/gpu/roofline.py "$@" ;;
  pack) shift && pack "$@" ;;
  run)
    [ -x "${2:-}/run.sh" ] || fail 5 "${2:-FOLDER}/run.sh" "a folder that pack made" none
    exec "$2/run.sh" "${@:3}"
    ;;
  *) fail 2 usage "pack FOLDER, run FOLDER, machine-code NETWORK:HxW or roofline NETWORK" "${1:-nothing}" ;;
esac
