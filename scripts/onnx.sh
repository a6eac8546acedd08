#!/usr/bin/env bash
# Exports networks by both of PyTorch's exporters, compiles and runs the files, and prints how far the outputs are from
# PyTorch's in double, ONNX Runtime's beside them:
#
#     scripts/onnx.sh [NETWORK...] [OPTIONS]      --help lists them
#     scripts/onnx.sh nodes [PART] [OPTIONS]      instead ONNX's own tests of single operators, or those with PART in their name
#
# The first run makes build/onnx-export/venv with PyTorch 2 from PyPI: 1.6 GB, though CUDA's own libraries are left out. Needs cc,
# binutils and a built program (build/hardnet).
set -euo pipefail
cd "$(dirname "$0")/.."

[ -x build/hardnet ] || { echo "onnx: build/hardnet: expected the program, found none (cmake --build build)" >&2; exit 5; }
python=build/onnx-export/venv/bin/python
if [ ! -f build/onnx-export/venv/complete ]; then
  python3 -m venv build/onnx-export/venv
  "$python" -m pip install --quiet --no-deps torch==2.15.0 torchvision==0.29.2 pytorchcv==0.0.74
  # of these three what computing on a CPU needs
  "$python" -m pip install --quiet numpy onnx==1.23.2 onnxruntime==1.32.0 onnxscript==0.7.2 sympy networkx jinja2 filelock \
    fsspec typing-extensions pillow requests
  "$python" tools/onnx/without_cuda.py
  touch build/onnx-export/venv/complete
fi
if [ "${1:-}" = nodes ]; then
  exec "$python" -W ignore tools/onnx/nodes.py "${@:2}"  # ONNX makes its tests with divisions by 0
fi
exec "$python" tools/onnx/compare.py "$@"
