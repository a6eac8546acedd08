"""Writes tests/golden: what PyTorch computes in double for the seeded networks, what their parameters are called, and
samples of the seeded generator.

    /usr/bin/python3 tools/oracle/make_goldens.py [NAME...]    (all without a name; some minutes on one core)

Needs PyTorch; its threads are set to one, so that a second run gives the same bytes.
"""
import json
import math
import os
import sys
import zlib

import numpy as np
import torch

import detection
import hardnet
import registry
import seeded

FOLDER = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden")
SEED = 1
SAMPLES = 16
SIZES = [(224, 224), (200, 264)]
CASES = [(name, size) for name in hardnet.RECORDS for size in SIZES] + [("hardnet68", (96, 64))]
TAPS = 6

# Of the other networks, sizes small enough for tests that compile them: an even one and one that does not divide by the
# strides, and the paper's for some.
OUTPUT_VALUES = 1000
CLASSIFIER_SIZES, DENSE_SIZES, SSD_SIZES = [(96, 64), (75, 101)], [(96, 128), (97, 131)], [(512, 512), (276, 308)]
OWN_SIZES = {
    "resnet50": CLASSIFIER_SIZES + [(224, 224)], "densenet121": CLASSIFIER_SIZES + [(224, 224)],
    "mobilenetv2": CLASSIFIER_SIZES + [(224, 224)], "vgg16": [(224, 224)],
    "fchardnet70": DENSE_SIZES + [(512, 1024)], "centernet_hardnet85": [(128, 160), (132, 164)],
    "ssd512_hardnet68": SSD_SIZES, "ssd512_hardnet85": SSD_SIZES, "ssd512_vgg16": SSD_SIZES,
}


# Other HarDNets than the authors' and detectors on them, small, as records spell them: depthwise, ReLU6, with other numbers
# of input planes and of downsamplings and on extents that do not divide by the strides.
BLOCKS = [{"growth_rate": 6, "layers": 4, "transition": 16, "downsample": True},
          {"growth_rate": 6, "layers": 8, "transition": 24, "downsample": True},
          {"growth_rate": 8, "layers": 4, "transition": 32, "downsample": False}]
BACKBONES = {
    "ssd_ds": {"architecture": "ssd_hardnet", "depthwise": True, "blocks": BLOCKS, "sources": 3, "input": [99, 133]},
    "centernet_ds": {"architecture": "centernet_hardnet", "depthwise": True, "blocks": BLOCKS, "input": [68, 100]},
    "centernet": {"architecture": "centernet_hardnet", "depthwise": False,
                  "blocks": [{**BLOCKS[0], "downsample": False}] + BLOCKS[:2] + [BLOCKS[1]], "input": [132, 164]},
    "planes_1": {"architecture": "hardnet", "depthwise": False, "blocks": BLOCKS, "input_planes": 1, "input": [45, 70]},
    "planes_2": {"architecture": "hardnet", "depthwise": True, "blocks": BLOCKS, "input_planes": 2, "input": [64, 64]},
    "planes_4": {"architecture": "centernet_hardnet", "depthwise": False, "blocks": BLOCKS, "input_planes": 4,
                 "input": [68, 100]},
}


def output_cases():
    for name, network in registry.NETWORKS.items():
        if name not in hardnet.RECORDS:
            usual = CLASSIFIER_SIZES if network.size == registry.IMAGENET else DENSE_SIZES
            yield from ((name, size) for size in OWN_SIZES.get(name, usual))


def tapped_layers(model, types):
    """TAPS modules of the given types, or all where they are fewer, spread evenly over the network, the first and the
    last among them."""
    layers = [n for n, m in model.named_modules() if isinstance(m, types)]
    return [layers[i] for i in sorted({i * (len(layers) - 1) // (TAPS - 1) for i in range(TAPS)})]


def summary(name, tensor):
    values = tensor.detach().numpy().ravel()
    picked = [i * (values.size - 1) // (SAMPLES - 1) for i in range(SAMPLES)]
    return {"layer": name, "elements": values.size, "mean": float(values.mean()),
            "rms": math.sqrt(float(np.mean(values**2))), "samples": [float(values[i]) for i in picked]}


def tapped_run(name, height, width):
    """What all goldens of networks start with, and the outputs."""
    network = registry.NETWORKS[name]
    model = network.seeded(SEED)
    modules = dict(model.named_modules())
    taps = []
    for layer in tapped_layers(model, network.taps):
        modules[layer].register_forward_hook(lambda m, i, output, layer=layer: taps.append(summary(layer, output)))
    outputs = registry.outputs_of(model, registry.image_of(height, width, SEED))
    return {"network": name, "seed": SEED, "height": height, "width": width, "taps": taps}, outputs


def logits(name, height, width):
    golden, outputs = tapped_run(name, height, width)
    return golden | {"logits": outputs[0][0].tolist()}


def thinned(name, tensor):
    """Every element of a small output, every stride-th of a larger one in row-major order, to ten digits. The stride is
    odd and shares no divisor with an extent, so that every row, column and channel may be met."""
    values = tensor.numpy().ravel()
    stride = -(-values.size // OUTPUT_VALUES) | 1
    while any(math.gcd(stride, extent) > 1 for extent in tensor.shape):
        stride += 2
    return {"name": name, "shape": list(tensor.shape), "rms": math.sqrt(float(np.mean(values**2))), "stride": stride,
            "values": [float(f"{v:.10g}") for v in values[::stride]]}


def outputs(name, height, width):
    golden, tensors = tapped_run(name, height, width)
    return golden | {"outputs": [thinned(*pair) for pair in zip(registry.NETWORKS[name].outputs, tensors)]}


def backbone(name):
    record = {"name": name, "stem": [8, 12], "stem_kernel": 1 if BACKBONES[name]["depthwise"] else 3, "multiplier": 1.6,
              "dropout_behind_last_block": False, "activation": "relu6", "classes": 3, **BACKBONES[name]}
    parsed = hardnet.record_from_json(json.dumps(record))
    model, names = {
        "hardnet": lambda: (hardnet.HarDNet(parsed), ("logits",)),
        "ssd_hardnet": lambda: (detection.ssd_hardnet(parsed, record["classes"], record["sources"]), ("loc", "conf")),
        "centernet_hardnet": lambda: (detection.CenterNet(parsed, record["classes"]), ("hm", "wh")),
    }[record["architecture"]]()
    model = hardnet.with_parameters(model, seeded.state(model, SEED))
    image = registry.image_of(*record["input"], SEED, parsed.input_planes)
    outputs = registry.outputs_of(model, image)
    return {"record": record, "seed": SEED, "outputs": [thinned(*pair) for pair in zip(names, outputs)]}


def sample(key, array):
    """Some values as the hexadecimal bits of their float32, and a checksum of all of them."""
    flat = array.ravel()
    picked = sorted({0, 1, 2, flat.size // 2, flat.size - 1} & set(range(flat.size)))
    return {"key": key, "shape": list(array.shape), "crc32": zlib.crc32(flat.astype("<f4").tobytes()),
            "bits": {str(i): flat[i].tobytes()[::-1].hex() for i in picked}}


def seed_samples():
    """Of every kind of parameter, and of the input."""
    model = hardnet.HarDNet(hardnet.RECORDS["hardnet39ds"])
    norm = ["weight", "bias", "running_mean", "running_var"]
    keys = ["base.0.conv.weight", "base.2.dwconv.weight", "base.3.layers.1.layer1.conv.weight", "base.14.3.weight",
            "base.14.3.bias"] + [f"base.13.norm.{field}" for field in norm]
    cases = []
    for seed in (1, 2**64 - 1):
        state = seeded.state(model, seed)
        tensors = [sample(key, state[key]) for key in keys]
        tensors.append(sample("input", seeded.seeded_input((3, 20, 30), seed)))
        cases.append({"network": "hardnet39ds", "seed": seed, "tensors": tensors})
    return cases


def keys():
    """How many parameters each network has, counters left out, and a checksum of their sorted lines `key 64x32x3x3`."""
    found = {}
    for name, network in registry.NETWORKS.items():
        shapes = {k: "x".join(map(str, t.shape)) for k, t in network.make().state_dict().items()}
        lines = sorted(f"{k} {shape}\n" for k, shape in shapes.items() if not k.endswith(".num_batches_tracked"))
        found[name] = {"tensors": len(lines), "crc32": zlib.crc32("".join(lines).encode())}
    return found


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
    writers |= {f"outputs/{n}_{h}x{w}": (lambda n=n, h=h, w=w: outputs(n, h, w)) for n, (h, w) in output_cases()}
    writers |= {f"backbones/{n}": (lambda n=n: backbone(n)) for n in BACKBONES}
    writers |= {"seed": seed_samples, "keys": keys}
    unknown = [n for n in names if n not in writers]
    if unknown:
        sys.exit(f"golden: expected one of {', '.join(writers)}, found {unknown[0]}")
    for name in names or writers:
        write(name, writers[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
