#!/usr/bin/env bash
# Times hardnet against the other engines on one network with seeded weights: scripts/rivals.sh [MODEL [HxW]].
# Sets up bench/.venv with the engines' PyPI packages. Exit code 5: PyTorch, which writes the ONNX file, is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
model=${1:-hardnet68}
input=${2:-224x224}
rivals=(numpy==2.4.6 onnxruntime==1.32.0 openvino==2026.4.1 ncnn==1.0.20261020 pnnx==20261020)

scripts/setup.sh
if ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
  echo "rivals: python3-torch: expected Debian's package, found none; install it with" >&2
  echo "  apt-get install -y --no-install-recommends python3-torch" >&2
  exit 5
fi
if [ "$(cat bench/.venv/rivals 2>/dev/null)" != "${rivals[*]}" ]; then
  echo "rivals: installing ${rivals[*]} into bench/.venv"
  /usr/bin/python3 -m venv --clear bench/.venv
  # without dependencies: pnnx would bring PyTorch with CUDA, of which a conversion from ONNX needs nothing
  bench/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps "${rivals[@]}"
  echo "${rivals[*]}" >bench/.venv/rivals
fi

cmake --preset release -DHARDNET_BENCH=ON >/dev/null
cmake --build build --target hardnet hardnet_engine
folder=build/rivals/$model-$input
build/hardnet compile "$model" --weights seed:1 --input "$input" --name "$model" -o "$folder/package"
/usr/bin/python3 bench/rivals/export.py "$model" --input "$input" --seed 1 "$folder"
bench/.venv/bin/python bench/rivals/compare.py "$folder" --package "$folder/package" --name "$model" \
  --json "$folder/report.json"
