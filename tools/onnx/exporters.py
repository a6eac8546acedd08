"""PyTorch's two exporters, and what ONNX Runtime and hardnet make of their files."""
import contextlib
import io
import json
import logging
import pathlib
import subprocess
import warnings

import numpy as np
import onnx
import onnxruntime
import torch

EXPORTERS = {"torchscript": False, "dynamo": True}
THREADS = 2


def export(model, image, exporter, path):
    """Writes `path`, and beside it what the exporter keeps out of it. What exporters say of themselves is dropped."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        torch.onnx.export(model, (image,), str(path), dynamo=EXPORTERS[exporter], input_names=["image"])
        logging.disable(logging.NOTSET)


def opset_of(path):
    model = onnx.load(path, load_external_data=False)
    return max(entry.version for entry in model.opset_import if not entry.domain)


def by_onnxruntime(path, image):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: image})


def hardnet(program, *arguments):
    """Its output; a RuntimeError with its first line of complaint where it fails."""
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0])
    return done.stdout


def compiled(program, path, folder):
    hardnet(program, "compile", path, "--jobs", 1, "-o", folder)


def by_package(program, package, image, folder):
    """Its outputs, in the model's order."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "image.npy", image)
    for old in folder.glob("out*.npy"):
        old.unlink()
    hardnet(program, "run", package, "--tensor", folder / "image.npy", "-o", folder / "out.npy")
    return [np.load(file) for file in sorted(folder.glob("out*.npy"))]


def relative_rms(values, expected):
    """Of all outputs the worst."""
    if [np.size(v) for v in values] != [np.size(e) for e in expected]:
        raise RuntimeError(f"outputs: expected {[np.shape(e) for e in expected]}, found {[np.shape(v) for v in values]}")
    def one(v, e):
        e = e.astype(np.float64).ravel()
        return float(np.sqrt(np.mean((v.ravel() - e) ** 2) / max(np.mean(e ** 2), 1e-300)))
    return max(one(v, e) for v, e in zip(values, expected))
