"""The engines' side of the protocol in README.md, for engines that are Python packages."""

import argparse
import json
import pathlib
import sys
import time

import numpy as np


def read_input(folder):
    """float32, n x channels x height x width."""
    shape = json.loads((folder / "about.json").read_text())["input_shape"]
    return np.fromfile(folder / "input.f32", np.float32).reshape(shape)


def serve(version, load):
    """load(folder, threads) -> a function that runs the network once and returns its output."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--model", type=pathlib.Path, required=True)
    arguments.add_argument("--threads", type=int, required=True)
    arguments.add_argument("--output", type=pathlib.Path, required=True)
    options = arguments.parse_args()

    run = load(options.model, options.threads)
    np.asarray(run(), np.float32).tofile(options.output)
    print("ready", version, flush=True)
    for line in sys.stdin:
        run()
        times = []
        for _ in range(int(line)):
            start = time.perf_counter_ns()
            run()
            times.append((time.perf_counter_ns() - start) / 1e6)
        print(*(f"{t:.4f}" for t in times), flush=True)
