"""Estimates, not measurements: the least time that each layer of a network can take on two classes of GPUs.

    scripts/gpu.sh roofline hardnet68 [HEIGHTxWIDTH] [--layers]

A layer takes the larger of its arithmetic, float32 without TF32, and its bytes, each input, output and weight once from the
card's memory; every launch of a graph costs a moment more. What stays in the L2 is faster than that, what threads read again
slower. Without --layers a row is a stage: all layers whose names begin alike.
"""
import argparse
import csv
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# TFLOP/s of float32 and TB/s of memory, by NVIDIA's data sheets.
CARDS = {"A100 SXM 40 GB": (19.5, 1.555), "H100 SXM": (66.9, 3.35)}
LAUNCH_US = 1.3  # within a graph, where one launch waits for the other


def elements(shape):
    return math.prod(int(n) for n in shape.split("x"))


def layers_of(network, size):
    command = [ROOT / "build/hardnet", "inspect", network, "--layers", "--format", "csv"]
    if size:
        command += ["--input", size]
    text = subprocess.run(command, check=True, text=True, capture_output=True).stdout
    return [row for row in csv.DictReader(text.splitlines()) if row["layer"] != "total"]


def times_us(layer):
    """Per card: (arithmetic, bytes)."""
    flops = 2 * int(layer["macs"])
    moved = 4 * (elements(layer["input"]) + elements(layer["output"]) + int(layer["parameters"]))
    return [(flops / tflops * 1e-6, moved / terabytes * 1e-6) for tflops, terabytes in CARDS.values()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network")
    parser.add_argument("size", nargs="?", metavar="HEIGHTxWIDTH", help="default: the network's own")
    parser.add_argument("--layers", action="store_true", help="a row for each layer")
    arguments = parser.parse_args()

    rows = {}  # name -> per card [arithmetic, bytes, time], and the count of layers
    for layer in layers_of(arguments.network, arguments.size):
        name = layer["layer"] if arguments.layers else ".".join(layer["layer"].split(".")[:2])
        row, count = rows.get(name, ([[0.0, 0.0, 0.0] for _ in CARDS], 0))
        for sums, (arithmetic, moved) in zip(row, times_us(layer)):
            sums[0] += arithmetic
            sums[1] += moved
            sums[2] += max(arithmetic, moved) + LAUNCH_US
        rows[name] = row, count + 1
    rows["sum"] = ([[sum(row[card][i] for row, _ in rows.values()) for i in range(3)] for card in range(len(CARDS))],
                   sum(count for _, count in rows.values()))

    print("Estimates in microseconds: arithmetic, bytes, and the larger of the two of each layer with its launch\n")
    print("| | launches |" + "".join(f" {card} |" for card in CARDS))
    print("|---|---|" + "---|" * len(CARDS))
    for name, (row, count) in rows.items():
        print(f"| {name} | {count} |" + "".join(f" {a:.1f}, {b:.1f}, **{t:.1f}** |" for a, b, t in row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
