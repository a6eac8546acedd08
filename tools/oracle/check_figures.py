"""Prints parameters, MACs and CIO of every network beside the figures that others state, to the digits that they print.

    /usr/bin/python3 tools/oracle/check_figures.py [NAME...]    (all without a name; a minute on one core)

Traced figures come from arithmetic on the definitions' shapes that knows no PyTorch, published ones from the papers and
the authors' repositories. A `!` marks a figure that differs; exit code 1 where a traced one does.

Convolutions, transposed ones among them, count for CIO: what they read, a concatenation in full, and what they write. A
transposed one of stride 2 writes twice the rows and columns that it reads, which is what is left behind the cut. Pools,
norms, activations, resizing and the linear layers do not. MACs are those of convolutions and linear layers; published
ones often have about two operations per output more. Published CIO leaves out the strided depthwise layers of the DS
networks, and is of a MobileNetV2-1.4 whose channels are not rounded to 8. FC-DenseNet has two rows: as its PyTorch port
arranges it, and as the paper counts it, where the last 1x1 reads the last block's new features only.
"""
import dataclasses
import functools
import math
import sys

import torch
from torch import nn

import registry
import segmentation
from published import PUBLISHED, agrees

TRACED = {
    "hardnet39ds": ("3,488,228", "429.47 M", "9.818 M"),
    "hardnet68ds": ("4,180,602", "775.28 M", "17.324 M"),
    "hardnet68": ("17,565,348", "4,246.11 M", "11.469 M"),
    "hardnet85": ("36,670,212", "9,074.08 M", "17.469 M"),
    "hardnet96s": ("9.33 M", "2.47 G", "11.70 M"),
    "hardnet117s": ("20.8 M", "4.81 G", "16.66 M"),
    "hardnet138s": ("35.5 M", "6.64 G", "19.58 M"),
    "resnet18": ("11,689,512", "1,814.07 M", "4.666 M"),
    "resnet50": ("25,557,032", "4,089.18 M", "21.776 M"),
    "resnet101": ("44,549,160", "7,801.41 M", "32.012 M"),
    "resnet152": ("60,192,808", "11,513.63 M", "44.657 M"),
    "resnet50_v1": ("25,557,032", "3,857.97 M", "20.723 M"),
    "resnet101_v1": ("44,549,160", "7,570.19 M", "30.959 M"),
    "resnet152_v1": ("60,192,808", "11,282.42 M", "43.603 M"),
    "mobilenetv2": ("3,504,872", "300.77 M", "13.444 M"),
    "mobilenetv2_14": ("6,108,776", "582.20 M", "19.210 M"),
    "densenet121": ("7,978,856", "2,834.16 M", "21.864 M"),
    "densenet201": ("20,013,928", "4,291.37 M", "31.812 M"),
    "densenet264": ("33,337,704", "5,751.65 M", "41.759 M"),
    "vgg16": ("138,357,544", "15,470.26 M", "22.629 M"),
    "fchardnet70": ("4,119,257", "35.217 G", "272.30 M"),
    "fchardnet68": ("1.376 M", "15.1 G/2", "473 MB"),
    "fchardnet76": ("3.480 M", "53.3 G/2", "932 MB"),
    "fchardnet84": ("8.376 M", "100.0 G/2", "1267 MB"),
    "fchardnet_ref100": ("3.566 M", "151.4 G/2", "2076 MB"),
    "fcdensenet56_paper": ("1.375 M", "59.5 G/2", "1351 MB"),
    "fcdensenet67_paper": ("3.461 M", "140.0 G/2", "2286 MB"),
    "fcdensenet103_paper": ("9.320 M", "134.5 G/2", "2150 MB"),
    "ssd512_hardnet68": ("25.70 M", "34.43 G", "69.7 M"),
    "ssd512_hardnet85": ("38.78 M", "60.63 G", "101.6 M"),
    "ssd512_vgg16": ("36.82 M", "101.84 G", "133.2 M"),
    "centernet_hardnet85": ("37,274,988", "87.72 G", "171.2 M"),
}
NETWORKS = dict(registry.NETWORKS)
for fcdensenet, record in segmentation.FCDENSENETS.items():
    NETWORKS[fcdensenet + "_paper"] = dataclasses.replace(
        NETWORKS[fcdensenet], make=functools.partial(segmentation.fcdensenet, *record, keeping=("down",)))


def figures(network):
    """Parameters, MACs and CIO in elements, at the network's own size."""
    model = network.make().eval()
    macs = cio = 0

    def count(module, inputs, output):
        nonlocal macs, cio
        read = inputs[0]
        window = math.prod(module.weight.shape[1:])  # weights of one output, of one input where transposed
        if isinstance(module, nn.ConvTranspose2d):
            macs += read.numel() * window
            cio += read.numel() + module.out_channels * math.prod(read.shape[2:]) * math.prod(module.stride)
        else:
            macs += output.numel() * window
            cio += read.numel() + output.numel() if isinstance(module, nn.Conv2d) else 0

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            module.register_forward_hook(count)
    registry.outputs_of(model, torch.zeros(1, 3, *network.size))
    return sum(p.numel() for p in model.parameters()), macs, cio


def main(names):
    torch.set_num_threads(1)
    unknown = [n for n in names if n not in NETWORKS]
    if unknown:
        sys.exit(f"network: expected one of {', '.join(NETWORKS)}, found {unknown[0]}")
    failed = False
    print(f"{'network':<20}{'input':>10}{'parameters':>13}{'MACs M':>12}{'CIO M':>10}   traced; published")
    for name in names or NETWORKS:
        found = figures(NETWORKS[name])
        columns = []
        for stated in (TRACED.get(name, ("",) * 3), PUBLISHED.get(name, ("",) * 3)):
            columns.append(", ".join((t or "-") + ("" if agrees(v, t) else "!") for v, t in zip(found, stated)))
        failed = failed or "!" in columns[0]
        height, width = NETWORKS[name].size
        print(f"{name:<20}{f'{height}x{width}':>10}{found[0]:>13,}{found[1] / 1e6:>12,.2f}{found[2] / 1e6:>10.3f}   "
              f"{columns[0]}; {columns[1]}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
