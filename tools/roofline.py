#!/usr/bin/env python3
"""Draws the roofline of a package's layers: how fast each runs against what the machine could do.

    build/hardnet bench packages/hardnet68 --threads 1 --layers --json > bench.json
    tools/roofline.py bench.json roofline.png

A layer is a disc, its area the time it takes. Across: the operations of the products that run, per byte of weights and
activations. Up: those operations per second. The roofs are what `bench` measured beside the layers; where a layer moves
both weights and activations its own roof lies between the two slopes. Needs matplotlib.
"""
import argparse
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter  # noqa: E402

KINDS = [  # of a layer's first step: colour and name
    ("product", "#1f77b4", "3x3, Winograd"),
    ("winograd band", "#17becf", "3x3, Winograd in bands"),
    ("conv3x3", "#9467bd", "3x3, direct"),
    ("conv1x1", "#d62728", "1x1"),
    ("stem", "#2ca02c", "stem"),
    ("depthwise", "#ff7f0e", "depthwise"),
    ("fully connected", "#8c564b", "fully connected"),
]
LABELLED = 8  # of the dearest layers


def read(path):
    with open(path) as file:
        bench = json.load(file)
    for key in ("layers", "limits"):
        if key not in bench:
            sys.exit(f"{path}: expected the JSON of `hardnet bench --layers --json`, found no \"{key}\"")
    layers = [dict(layer, intensity=layer["operations"] / (layer["weight_bytes"] + layer["activation_bytes"]),
                   rate=layer["operations"] / layer["ms"] / 1e6)
              for layer in bench["layers"] if layer["operations"] > 0 and layer["ms"] > 0]
    if not layers:
        sys.exit(f"{path}: expected layers that multiply, found none")
    return bench, layers


def draw_roofs(axes, limits, low, high):
    peak = limits["gflops"]
    axes.plot([low, high], [peak, peak], color="black", linewidth=1.2)
    axes.annotate(f"{peak:.0f} GFLOP/s multiply-add", (low, peak), (4, 4), textcoords="offset points", va="bottom",
                  fontsize=8)
    slopes = [(limits["weights_gb_s"], "weights", "-"), (limits["activations_gb_s"], "activations", "--")]
    for rate, name, style in slopes:
        axes.plot([low, peak / rate], [low * rate, peak], color="grey", linewidth=1.2, linestyle=style,
                  label=f"{name}: {rate:.0f} GB/s")


def draw_layers(axes, layers):
    total = sum(layer["ms"] for layer in layers)
    for kind, colour, name in KINDS:
        mine = [layer for layer in layers if layer["steps"].split(" + ")[0] == kind]
        if mine:
            axes.scatter([layer["intensity"] for layer in mine], [layer["rate"] for layer in mine],
                         s=[max(12, 4000 * layer["ms"] / total) for layer in mine], color=colour, alpha=0.55,
                         edgecolor="white", linewidth=0.6, label=name)


def label_dearest(axes, layers):
    """Names to the right of the cloud, from the top down in the order of the discs, so that none covers another."""
    dearest = sorted(sorted(layers, key=lambda layer: -layer["ms"])[:LABELLED], key=lambda layer: -layer["rate"])
    for i, layer in enumerate(dearest):
        text = f"{layer['layer']}  {layer['ms']:.2f} ms, {100 * layer['reached']:.0f} % of its limit"
        axes.annotate(text, (layer["intensity"], layer["rate"]), (1.02, 0.97 - 0.055 * i),
                      textcoords="axes fraction", fontsize=8, ha="left", va="center",
                      arrowprops={"arrowstyle": "-", "color": "grey", "linewidth": 0.5, "shrinkA": 2, "shrinkB": 0,
                                  "relpos": (0, 0.5)})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench", help="the JSON of `hardnet bench PACKAGE --layers --json`")
    parser.add_argument("picture", help="the PNG to write")
    arguments = parser.parse_args()
    bench, layers = read(arguments.bench)

    figure, axes = plt.subplots(figsize=(10, 5.2), dpi=120)
    low = min(0.5 * min(layer["intensity"] for layer in layers), 1)
    high = 1.6 * max(layer["intensity"] for layer in layers)
    draw_roofs(axes, bench["limits"], low, high)
    draw_layers(axes, layers)
    axes.set(xscale="log", yscale="log", xlim=(low, high), xlabel="operations per byte", ylabel="GFLOP/s",
             ylim=(0.5 * min(layer["rate"] for layer in layers), 1.6 * bench["limits"]["gflops"]))
    threads = bench["threads"]
    axes.set_title(f"{bench['model']} {bench['input']}, {bench['level']}, {threads} thread{'s' * (threads != 1)}: "
                   f"{bench['min_ms']:.1f} ms", loc="left", fontsize=10)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(which="major", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
    label_dearest(axes, layers)
    legend = axes.legend(loc="lower right", fontsize=8, framealpha=1)
    for handle in legend.legend_handles:
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([40])
    figure.savefig(arguments.picture, bbox_inches="tight")


if __name__ == "__main__":
    main()
