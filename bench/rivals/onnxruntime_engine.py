"""ONNX Runtime on the CPU; see README.md for the protocol."""

import json
import pathlib

import numpy as np
import onnxruntime

import engine


def load(folder: pathlib.Path, threads: int):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    shape = json.loads((folder / "about.json").read_text())["input_shape"]
    image = np.fromfile(folder / "input.f32", np.float32).reshape(shape)
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: image})[0]


if __name__ == "__main__":
    engine.serve(f"ONNX Runtime {onnxruntime.__version__}", load)
