"""The seeded generator's twin in numpy: the same parameters and inputs as weights/seed.cpp, to the last bit.

docs/weights.md states the rule. Element i of the tensor `key` under `seed`:
    state = mix(mix(seed) ^ fnv1a(key))           64-bit, modulo 2^64
    u     = mix(state + (i + 1) * 0x9e3779b97f4a7c15)
    v     = (2 * (u >> 40) + 1 - 2^24) / 2^24     an odd multiple of 2^-24 between -1 and 1, exact in float32
and the parameter is offset + amplitude * v, in double, rounded to float32.
"""
import math

import numpy as np
from torch import nn

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def fnv1a(key):
    value = 0xCBF29CE484222325
    for byte in key.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value


def mix(z):
    """splitmix64's finaliser, of an int or of an array of uint64."""
    if isinstance(z, int):
        return int(mix(np.array([z], np.uint64))[0])
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def uniform(key, seed, count):
    """float64[count], each an odd multiple of 2^-24."""
    state = mix(mix(seed) ^ fnv1a(key))
    index = np.arange(1, count + 1, dtype=np.uint64)
    u = mix(np.uint64(state) + index * np.uint64(GOLDEN))
    return (2.0 * (u >> np.uint64(40)).astype(np.float64) + (1.0 - 2.0**24)) / 2.0**24


def offset_and_amplitude(module, field, shape):
    """What a parameter's values spread around, by the type of the module that it belongs to. A uniform number's
    variance is a third: 6 / fan-in keeps the mean square through a ReLU, 3 / fan-in without one. Modules of another
    type say it themselves, as `spread`."""
    if isinstance(module, nn.BatchNorm2d):
        return {"weight": (1.0, 0.25), "running_var": (1.0, 0.5)}.get(field, (0.0, 0.25))
    if field == "bias":
        return 0.0, 0.25
    if isinstance(module, nn.ConvTranspose2d):  # [inputs, outputs, window]; a window reaches an output once per stride
        fan_in = shape[0] * math.prod(shape[2:]) / math.prod(module.stride)
        return 0.0, math.sqrt(3.0 / fan_in)
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        mixes = isinstance(module, nn.Conv2d) and module.groups == 1
        return 0.0, math.sqrt((6.0 if mixes else 3.0) / math.prod(shape[1:]))
    return module.spread


def parameter(key, shape, seed, offset, amplitude):
    """float32 tensor of `shape`."""
    values = offset + amplitude * uniform(key, seed, math.prod(shape))
    return values.astype(np.float32).reshape(shape)


def state(model, seed):
    """{key: float32 array} of all parameters of a model; integer counters are left out."""
    modules = dict(model.named_modules())
    arrays = {}
    for key, tensor in model.state_dict().items():
        prefix, _, field = key.rpartition(".")
        if field != "num_batches_tracked":
            shape = tuple(tensor.shape)
            arrays[key] = parameter(key, shape, seed, *offset_and_amplitude(modules[prefix], field, shape))
    return arrays


def seeded_input(shape, seed):
    """A normalised input: multiples of 2^-23 between -2 and 2."""
    return (2.0 * uniform("input", seed, math.prod(shape))).astype(np.float32).reshape(shape)
