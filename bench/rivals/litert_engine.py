"""LiteRT with XNNPACK on the CPU; see README.md for the protocol."""

import importlib.metadata

import numpy as np
from ai_edge_litert.interpreter import Interpreter

import engine
import onnx_to_tflite


def load(folder, threads):
    onnx, own = engine.onnx_file(folder), folder / "model.tflite"
    if not engine.fresh(own, onnx):
        onnx_to_tflite.convert(onnx, own)
    net = Interpreter(str(own), num_threads=threads)
    net.allocate_tensors()
    source, target = net.get_input_details()[0]["index"], net.get_output_details()[0]["index"]
    image = np.ascontiguousarray(engine.read_input(folder).transpose(0, 2, 3, 1))  # channels last, as it wants them

    def run():
        net.set_tensor(source, image)
        net.invoke()
        return net.get_tensor(target)

    return f"LiteRT {importlib.metadata.version('ai-edge-litert')}", run


if __name__ == "__main__":
    engine.serve(load)
