"""The engines that take part: how each starts, what it needs from PyPI, how wrong it may be, what to know about it."""

import dataclasses
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
QUANTIZER = ("onnxruntime==1.32.0", "onnx==1.22.0")  # makes the int8 model of both engines that run one
FLOAT32_BOUND = 1e-4  # relative RMS of the logits; sums in another order stay below 1e-5


@dataclasses.dataclass(frozen=True)
class Engine:
    title: str
    program: str = ""  # a script of this folder; empty: the C program of our own
    packages: tuple = ()  # installed as they are
    with_dependencies: tuple = ()  # installed with all that they ask for
    package: str = "package"  # of our own: which folder beside the case's model holds it
    suffix: str = ""  # behind the name that it gives itself
    bound: float = FLOAT32_BOUND  # above it the engine's output is wrong; above FLOAT32_BOUND it is shown apart
    only_by_name: str = ""  # why it is not installed unless it is asked for


# In the order of the tables; the first is the one that the others are measured against.
ENGINES = {
    "hardnet": Engine("hardnet"),
    # without dependencies: pnnx would bring PyTorch with CUDA, of which a conversion from ONNX needs nothing
    "ncnn": Engine("ncnn", "ncnn_engine.py", ("ncnn==1.0.20261020", "pnnx==20261020")),
    "onnxruntime": Engine("ONNX Runtime", "onnxruntime_engine.py", ("onnxruntime==1.32.0",)),
    "openvino": Engine("OpenVINO, f32", "openvino_engine.py", ("openvino==2026.4.1",)),
    "litert": Engine("LiteRT", "litert_engine.py", with_dependencies=("ai-edge-litert==2.3.0", "onnx==1.22.0")),
    "inductor": Engine(
        "torch inductor, freezing", "inductor_engine.py", with_dependencies=("torch==2.15.0",),
        only_by_name="torch from PyPI brings 3 GB of CUDA (--rivals all,inductor installs it)"),
    # its fp32 Winograd uses larger tiles: 1e-4 to 2e-4 per layer, 1e-4 to 8e-3 at the end
    "mnn": Engine("MNN, PyPI wheel", "mnn_engine.py", ("MNN==3.6.1",), bound=1e-2),
    # computes in bfloat16 where the CPU has it: 7e-3 to 0.19 at the end
    "openvino-default": Engine("OpenVINO, its own precision", "openvino_default_engine.py",
                               ("openvino==2026.4.1",), bound=0.25),
    # integers: each is as far off as the table says
    "hardnet-int16": Engine("hardnet, int16", package="package-int16", suffix=", int16", bound=1e-2),
    "hardnet-int8": Engine("hardnet, int8", package="package-int8", suffix=", int8", bound=1e-1),
    "openvino-int8": Engine("OpenVINO, int8", "openvino_int8_engine.py", ("openvino==2026.4.1",),
                            with_dependencies=QUANTIZER, bound=0.5),
    "onnxruntime-int8": Engine("ONNX Runtime, int8", "onnxruntime_int8_engine.py", with_dependencies=QUANTIZER, bound=0.5),
}
ALL = [name for name, engine in ENGINES.items() if not engine.only_by_name]
