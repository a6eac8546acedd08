"""The engines' side of the protocol in README.md, for engines that are Python packages."""

import argparse
import json
import os
import pathlib
import sys
import time

import numpy as np


ROOT = pathlib.Path(__file__).resolve().parents[2]


def about(folder):
    return json.loads((folder / "about.json").read_text())


def onnx_file(folder):
    """A user's own file, or the one that export.py left in the folder."""
    return pathlib.Path(about(folder).get("onnx", folder / "model.onnx"))


def read_input(folder):
    """float32, n x channels x height x width."""
    return np.fromfile(folder / "input.f32", np.float32).reshape(about(folder)["input_shape"])


def fresh(made, source):
    """Whether a converted model is there and not older than what it was converted from."""
    return made.exists() and made.stat().st_mtime >= source.stat().st_mtime


def serve(load):
    """load(folder, threads) -> name and version, and a function that runs the network once and returns its output, or a
    list of several."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--model", type=pathlib.Path, required=True)
    arguments.add_argument("--threads", type=int, required=True)
    arguments.add_argument("--output", type=pathlib.Path, required=True)
    options = arguments.parse_args()

    # libraries that print must not print into the protocol
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    version, run = load(options.model, options.threads)
    outputs = run()
    outputs = outputs if isinstance(outputs, list) else [outputs]
    np.concatenate([np.asarray(output, np.float32).ravel() for output in outputs]).tofile(options.output)
    print("ready", version, file=answers, flush=True)
    for line in sys.stdin:
        run()
        times = []
        for _ in range(int(line)):
            start = time.perf_counter_ns()
            run()
            times.append((time.perf_counter_ns() - start) / 1e6)
        print(*(f"{t:.4f}" for t in times), file=answers, flush=True)
