"""The int8 model of a case: ONNX Runtime's static quantization, which other engines read, too."""

import numpy as np
from onnxruntime import quantization

import engine

INPUTS = 16  # that are calibrated with


class Shuffled(quantization.CalibrationDataReader):
    """The case's input with its pixels in other orders: as many of each value, so that ranges are like its own."""

    def __init__(self, folder, name):
        self.image, self.name, self.left = engine.read_input(folder), name, INPUTS
        self.random = np.random.default_rng(1)

    def get_next(self):
        if not self.left:
            return None
        self.left -= 1
        return {self.name: self.random.permutation(self.image.ravel()).reshape(self.image.shape)}


def onnx_file(folder):
    """Made once: 8-bit activations and weights, the latter per channel, as pairs of QuantizeLinear and DequantizeLinear."""
    import onnxruntime
    source, made = engine.onnx_file(folder), folder / "int8.onnx"
    if not engine.fresh(made, source):
        name = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"]).get_inputs()[0].name
        prepared = folder / "prepared.onnx"
        quantization.quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(str(prepared), str(made), Shuffled(folder, name), per_channel=True,
                                     quant_format=quantization.QuantFormat.QDQ,
                                     activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
    return made
