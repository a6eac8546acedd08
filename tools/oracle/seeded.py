"""The seeded generator's twin in numpy: the same parameters and inputs as weights/seed.cpp, to the last bit.

docs/weights.md states the rule. Element i of the tensor `key` under `seed`:
    state = mix(mix(seed) ^ fnv1a(key))           64-bit, modulo 2^64
    u     = mix(state + (i + 1) * 0x9e3779b97f4a7c15)
    v     = (2 * (u >> 40) + 1 - 2^24) / 2^24     an odd multiple of 2^-24 between -1 and 1, exact in float32
and the parameter is offset + amplitude * v, in double, rounded to float32.
"""
import math

import numpy as np

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


def offset_and_amplitude(key, shape):
    """What a parameter's values spread around, by its name."""
    if key.endswith(".norm.weight"):
        return 1.0, 0.25
    if key.endswith(".norm.running_var"):
        return 1.0, 0.5
    if key.endswith(".conv.weight"):
        return 0.0, math.sqrt(6.0 / math.prod(shape[1:]))
    if key.endswith(".dwconv.weight"):
        return 0.0, math.sqrt(3.0 / math.prod(shape[1:]))
    if key.endswith(".weight"):
        return 0.0, math.sqrt(3.0 / math.prod(shape[1:]))
    return 0.0, 0.25  # norm.bias, norm.running_mean, the classifier's bias


def parameter(key, shape, seed):
    """float32 tensor of `shape`."""
    offset, amplitude = offset_and_amplitude(key, shape)
    values = offset + amplitude * uniform(key, seed, math.prod(shape))
    return values.astype(np.float32).reshape(shape)


def state(shapes, seed):
    """{key: shape} -> {key: float32 array}; integer counters are left out."""
    return {key: parameter(key, shape, seed) for key, shape in shapes.items()}


def seeded_input(shape, seed):
    """A normalised input: multiples of 2^-23 between -2 and 2."""
    return (2.0 * uniform("input", seed, math.prod(shape))).astype(np.float32).reshape(shape)
