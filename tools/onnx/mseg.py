"""HarDNet-MSEG, written from its published arrangement: HarDNet-68's trunk, a receptive-field block of rectangular and
dilated windows on each of its three deepest taps, and a decoder that multiplies what it has enlarged; one logit per pixel.
"""
import torch
from torch import nn
from torch.nn import functional

import hardnet

CHANNELS = 32                # of every tensor behind the trunk
TAPS = {9: 320, 12: 640, 15: 1024}  # modules of the trunk, at strides of 8, 16 and 32


class NormConv(nn.Sequential):
    """A convolution and its norm; no activation."""

    def __init__(self, inputs, outputs, kernel, dilation=1):
        height, width = kernel
        padding = (height // 2 * dilation, width // 2 * dilation)
        super().__init__(nn.Conv2d(inputs, outputs, kernel, 1, padding, dilation, bias=False), nn.BatchNorm2d(outputs))


class ReceptiveField(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.branches = nn.ModuleList([NormConv(inputs, CHANNELS, (1, 1))])
        for extent in (3, 5, 7):
            self.branches.append(nn.Sequential(
                NormConv(inputs, CHANNELS, (1, 1)), NormConv(CHANNELS, CHANNELS, (1, extent)),
                NormConv(CHANNELS, CHANNELS, (extent, 1)), NormConv(CHANNELS, CHANNELS, (3, 3), extent)))
        self.joined = NormConv(4 * CHANNELS, CHANNELS, (3, 3))
        self.passed = NormConv(inputs, CHANNELS, (1, 1))

    def forward(self, x):
        joined = self.joined(torch.cat([branch(x) for branch in self.branches], 1))
        return functional.relu(joined + self.passed(x))


def doubled(x):
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


class Decoder(nn.Module):
    """Takes the deepest image first."""

    def __init__(self):
        super().__init__()
        c = CHANNELS
        self.enlarged = nn.ModuleList(NormConv(n, n, (3, 3)) for n in (c, c, c, c, 2 * c))
        self.joined = nn.ModuleList(NormConv(n, n, (3, 3)) for n in (2 * c, 3 * c, 3 * c))
        self.last = nn.Conv2d(3 * c, 1, 1)

    def forward(self, deep, middle, shallow):
        e = self.enlarged
        middle_product = e[0](doubled(deep)) * middle
        product = e[1](doubled(doubled(deep))) * e[2](doubled(middle)) * shallow
        middle = self.joined[0](torch.cat([middle_product, e[3](doubled(deep))], 1))
        joined = self.joined[1](torch.cat([product, e[4](doubled(middle))], 1))
        return self.last(self.joined[2](joined))


class HarDNetMSEG(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = hardnet.HarDNet(hardnet.RECORDS["hardnet68"]).base[:max(TAPS) + 1]
        self.fields = nn.ModuleList(ReceptiveField(channels) for channels in TAPS.values())
        self.decoder = Decoder()

    def forward(self, x):
        taps = []
        for i, module in enumerate(self.trunk):
            x = module(x)
            if i in TAPS:
                taps.append(self.fields[len(taps)](x))
        logits = self.decoder(taps[2], taps[1], taps[0])
        return functional.interpolate(logits, scale_factor=8, mode="bilinear")
