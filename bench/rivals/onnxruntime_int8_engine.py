"""ONNX Runtime on the CPU with the int8 model of quantized.py."""

import engine
import onnxruntime_engine
import quantized


def load(folder, threads):
    version, run = onnxruntime_engine.load(folder, threads, model=quantized.onnx_file)
    return f"{version}, int8", run


if __name__ == "__main__":
    engine.serve(load)
