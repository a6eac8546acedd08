"""MNN in float32, converted from ONNX by the C++ binding; see README.md for the protocol.

Its Python tools (`MNN.tools`) are not used: imported, they install packages and send what they are used for.
"""

import subprocess
import sys

import numpy as np

import engine

CONVERT = "import sys, _tools; _tools.mnnconvert(sys.argv)"


def converted(folder):
    """The converted model's path. The converter gets a process of its own: it and the engine are one library twice."""
    onnx, own = engine.onnx_file(folder), folder / "model.mnn"
    if not engine.fresh(own, onnx):
        subprocess.run([sys.executable, "-c", CONVERT, "-f", "ONNX", "--modelFile", onnx, "--MNNModel", own,
                        "--bizCode", "rivals"], check=True, stdout=subprocess.DEVNULL)
    return own


def load(folder, threads):
    import MNN  # here, since importing prints; by now nothing is printed into the protocol

    own = converted(folder)
    image = engine.read_input(folder)
    net = MNN.Interpreter(str(own))
    session = net.createSession({"backend": "CPU", "numThread": threads, "precision": "high", "power": "high"})
    net.resizeTensor(net.getSessionInput(session), image.shape)
    net.resizeSession(session)
    source, target = net.getSessionInput(session), net.getSessionOutput(session)
    logits = np.zeros(target.getShape(), np.float32)
    image_tensor = MNN.Tensor(image.shape, MNN.Halide_Type_Float, image, MNN.Tensor_DimensionType_Caffe)
    logits_tensor = MNN.Tensor(logits.shape, MNN.Halide_Type_Float, logits, MNN.Tensor_DimensionType_Caffe)

    def run():
        source.copyFrom(image_tensor)
        net.runSession(session)
        target.copyToHostTensor(logits_tensor)
        return logits_tensor.getNumpyData()

    return f"MNN {MNN.version()}, high precision", run


if __name__ == "__main__":
    engine.serve(load)
