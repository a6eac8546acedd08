"""Writes tests/golden: what PyTorch computes in double for the seeded networks, and samples of the seeded generator.

    /usr/bin/python3 tools/oracle/make_goldens.py [NAME...]    (all without a name; some seconds on one core)

Needs PyTorch; its threads are set to one, so that a second run gives the same bytes.
"""
import json
import math
import os
import sys
import zlib

import numpy as np
import torch

import hardnet
import seeded

FOLDER = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden")
SEED = 1
SAMPLES = 16
SIZES = [(224, 224), (200, 264)]
CASES = [(name, size) for name in hardnet.RECORDS for size in SIZES] + [("hardnet68", (96, 64))]
TAPS = 6


def tapped_layers(model):
    """TAPS convolutions spread evenly over the network, the first and the last among them."""
    layers = [n for n, m in model.named_modules() if isinstance(m, (hardnet.Conv, hardnet.Depthwise))]
    return [layers[i * (len(layers) - 1) // (TAPS - 1)] for i in range(TAPS)]


def summary(name, tensor):
    values = tensor.detach().numpy().ravel()
    picked = [i * (values.size - 1) // (SAMPLES - 1) for i in range(SAMPLES)]
    return {"layer": name, "elements": values.size, "mean": float(values.mean()),
            "rms": math.sqrt(float(np.mean(values**2))), "samples": [float(values[i]) for i in picked]}


def logits(name, height, width):
    model = hardnet.HarDNet(hardnet.RECORDS[name])
    hardnet.with_parameters(model, seeded.state(hardnet.parameter_shapes(model), SEED))
    modules = dict(model.named_modules())
    taps = []
    for layer in tapped_layers(model):
        modules[layer].register_forward_hook(lambda m, i, output, layer=layer: taps.append(summary(layer, output)))
    with torch.no_grad():
        image = torch.from_numpy(seeded.seeded_input((1, 3, height, width), SEED)).double()
        values = model(image)[0]
    return {"network": name, "seed": SEED, "height": height, "width": width, "taps": taps, "logits": values.tolist()}


def sample(key, array):
    """Some values as the hexadecimal bits of their float32, and a checksum of all of them."""
    flat = array.ravel()
    picked = sorted({0, 1, 2, flat.size // 2, flat.size - 1} & set(range(flat.size)))
    return {"key": key, "shape": list(array.shape), "crc32": zlib.crc32(flat.astype("<f4").tobytes()),
            "bits": {str(i): flat[i].tobytes()[::-1].hex() for i in picked}}


def seed_samples():
    """Of every kind of parameter, and of the input."""
    model = hardnet.HarDNet(hardnet.RECORDS["hardnet39ds"])
    shapes = hardnet.parameter_shapes(model)
    norm = ["weight", "bias", "running_mean", "running_var"]
    keys = ["base.0.conv.weight", "base.2.dwconv.weight", "base.3.layers.1.layer1.conv.weight", "base.14.3.weight",
            "base.14.3.bias"] + [f"base.13.norm.{field}" for field in norm]
    cases = []
    for seed in (1, 2**64 - 1):
        tensors = [sample(key, seeded.parameter(key, shapes[key], seed)) for key in keys]
        tensors.append(sample("input", seeded.seeded_input((3, 20, 30), seed)))
        cases.append({"network": "hardnet39ds", "seed": seed, "tensors": tensors})
    return cases


def write(name, value):
    path = os.path.join(FOLDER, name + ".json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")
    print(os.path.relpath(path), os.path.getsize(path), "bytes")


def main(names):
    torch.set_num_threads(1)
    writers = {f"logits/{n}_{h}x{w}": (lambda n=n, h=h, w=w: logits(n, h, w)) for n, (h, w) in CASES}
    writers["seed"] = seed_samples
    unknown = [n for n in names if n not in writers]
    if unknown:
        sys.exit(f"golden: expected one of {', '.join(writers)}, found {unknown[0]}")
    for name in names or writers:
        write(name, writers[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
