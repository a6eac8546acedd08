"""Writes what a comparison wants of an ONNX file that a user has: an input and ONNX Runtime's outputs.

    take.py network.onnx [--input 224x224] [--batch 1] FOLDER

leaves FOLDER/input.f32 (NCHW), reference.f64 and about.json, which names the file.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import onnxruntime


def fail(what):
    sys.exit(f"rivals: {what}")


def input_shape(path, given, size, batch):
    """What the file leaves open is what was asked for; what it fixes must be that."""
    if len(given) != 4:
        fail(f"{path}: expected an input of 4 dimensions, found {len(given)}")
    height, width = map(int, size.split("x")) if size else given[2:]
    shape = [batch, given[1], height, width]
    if not all(isinstance(extent, int) for extent in shape):
        fail(f"{path}: expected HxW beside it, since it leaves the input's extents open, found none")
    for fixed, wanted in zip(given, shape):
        if isinstance(fixed, int) and fixed != wanted:
            fail(f"{path}: expected its input's {'x'.join(map(str, given))}, found {'x'.join(map(str, shape))}")
    return shape


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", type=pathlib.Path)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--input", default="", help="HxW; default: the file's")
    arguments.add_argument("--batch", type=int, default=1, help="images per run")
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        session = onnxruntime.InferenceSession(str(options.file), providers=["CPUExecutionProvider"])
    except Exception as error:  # of any of its own kinds
        fail(f"{options.file}: expected a file that ONNX Runtime reads, found: {str(error).splitlines()[0]}")
    source = session.get_inputs()[0]
    shape = input_shape(options.file, source.shape, options.input, options.batch)
    image = np.random.default_rng(1).standard_normal(shape, np.float32)
    outputs = session.run(None, {source.name: image})
    image.tofile(options.folder / "input.f32")
    np.concatenate([output.ravel() for output in outputs]).astype(np.float64).tofile(options.folder / "reference.f64")
    about = {"model": options.file.stem, "onnx": str(options.file.resolve()), "input_shape": shape,
             "reference": "ONNX Runtime"}
    (options.folder / "about.json").write_text(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
