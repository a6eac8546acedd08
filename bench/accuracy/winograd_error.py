#!/usr/bin/python3
"""Relative RMS error of Winograd convolutions in float32 and in 8 bits, by tile size and interpolation points, against double.

Inputs are Gaussian, clipped to [0, 6] as behind a ReLU6; weights are Gaussian with He's deviation. In float32 products and sums
are rounded separately (no FMA), sums run over channels in order; weights are transformed in double and rounded once. In 8 bits
what is multiplied is, by a scale for each position that takes the greatest magnitude; sums are exact.
"""

import argparse

import numpy as np

VARIANTS = {  # outputs per tile and axis, finite points; infinity is the last one
    "F(2x2)  0 1 -1": (2, [0, 1, -1]),
    "F(3x3)  0 +-2/3 3/2": (3, [0, 2 / 3, -2 / 3, 3 / 2]),
    "F(4x4)  0 +-2/3 +-3/2": (4, [0, 2 / 3, -2 / 3, 3 / 2, -3 / 2]),
    "F(4x4)  0 +-1 +-2": (4, [0, 1, -1, 2, -2]),
    "F(6x6)  0 +-1 +-2 +-1/2": (6, [0, 1, -1, 2, -2, 0.5, -0.5]),
}


def transforms(m, points):
    """Output, weight and input transform: y = A ((G g) * (B d)) convolves m + 2 inputs with 3 taps."""
    n = m + 2
    output = np.array([[p**i for p in points] + [float(i == m - 1)] for i in range(m)])
    weight = np.array(
        [[p**k / np.prod([p - q for q in points if q != p]) for k in range(3)] for p in points] + [[0, 0, 1]]
    )
    rows = [np.poly([q for q in points if q != p])[::-1] for p in points] + [np.poly(points)[::-1]]
    inputs = np.array([np.pad(row, (0, n - len(row))) for row in rows])
    return output, weight, inputs


def apply(matrix, tiles):
    """matrix x tile x matrix^T for tiles (..., row, column), every product and sum rounded to the tiles' type."""
    for axis in (-2, -1):
        moved = np.moveaxis(tiles, axis, 0)
        rows = []
        for coefficients in matrix.astype(tiles.dtype):
            total = np.zeros_like(moved[0])
            for coefficient, values in zip(coefficients, moved):
                if coefficient != 0:
                    total = total + coefficient * values
            rows.append(total)
        tiles = np.moveaxis(np.stack(rows), 0, axis)
    return tiles


def winograd(m, points, data, weights):
    output, weight, inputs = transforms(m, points)
    total = np.zeros((data.shape[1], m + 2, m + 2), np.float32)
    for d, w in zip(data, weights):  # channel by channel
        total += apply(inputs, d) * (weight @ w @ weight.T).astype(np.float32)
    return apply(output, total)


def direct(m, data, weights, dtype):
    total = np.zeros((data.shape[1], m, m), dtype)
    for d, w in zip(data.astype(dtype), weights.astype(np.float32).astype(dtype)):
        for y in range(3):
            for x in range(3):
                total += d[:, y : y + m, x : x + m] * w[y, x]
    return total


def rounded(values, most, axes):
    """To integers whose greatest is the greatest magnitude along the axes; as numbers again."""
    unit = np.abs(values).max(axis=axes, keepdims=True) / most
    return np.round(values / unit) * unit


def winograd_in_8_bits(m, points, data, weights):
    output, weight, inputs = transforms(m, points)
    v = rounded(inputs @ data @ inputs.T, 127, (0, 1))
    u = rounded(weight @ weights @ weight.T, 127, 0)
    return output @ (v * u[:, None]).sum(axis=0) @ output.T


def direct_in_8_bits(m, data, weights):
    return direct(m, rounded(data, 255, None), rounded(weights, 127, None), np.float64)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--channels", type=int, default=256)
    arguments.add_argument("--tiles", type=int, default=400)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    random = np.random.default_rng(options.seed)
    weights = random.normal(0, np.sqrt(2 / (9 * options.channels)), (options.channels, 3, 3))
    weights = weights.astype(np.float32).astype(np.float64)

    def error(found, expected):
        return np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2))

    print(f"{options.channels} channels, {options.tiles} tiles, seed {options.seed}")
    print(f"{'':24} float32  8 bits")
    for name, (m, points) in {"direct": (4, None), **VARIANTS}.items():
        data = np.clip(random.normal(0, 2, (options.channels, options.tiles, m + 2, m + 2)), 0, 6).astype(np.float32)
        expected = direct(m, data, weights, np.float64)
        exact = data.astype(np.float64)
        if points:
            found = winograd(m, points, data, weights), winograd_in_8_bits(m, points, exact, weights)
        else:
            found = direct(m, data, weights, np.float32), direct_in_8_bits(m, exact, weights)
        print(f"{name:24} {error(found[0], expected):.1e}  {error(found[1], expected):.1e}")


if __name__ == "__main__":
    main()
