"""OpenVINO on the CPU with the int8 model of quantized.py; what that leaves in float stays float32."""

import engine
import openvino_engine
import quantized


def load(folder, threads):
    version, run = openvino_engine.load(folder, threads, model=quantized.onnx_file)
    return version.replace("f32", "int8"), run


if __name__ == "__main__":
    engine.serve(load)
