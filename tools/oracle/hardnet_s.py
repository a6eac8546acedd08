"""HarDNet-96s, 117s and 138s, which the paper measures and nobody has published: a reconstruction from its table 1 that
gives its parameters, MACs and CIO.

Layers are BN-ReLU-Conv without bias. In a block every fourth layer is narrowed by a 1x1 to sqrt(inputs * outputs)
channels first, and a block gives its input as well. Behind each block but the last a 1x1 keeps 85 % of the channels;
where the stride changes it reads the block's maximum and average over 2x2, concatenated in this order.

Parameters, N counting the entries of `base`, M the layers of a block:
    base.0.conv|norm                    7x7 of stride 2 with BN and ReLU behind it; base.1 is its max pool
    base.N.layers.M.norm|conv           a layer of a block; a narrowed one has layer1.norm|conv (1x1) and
                                        layer2.norm|conv (3x3)
    base.N.norm|conv                    a transition; the norm is behind the pools
    base.N.0, base.N.4                  the head's norm and its linear layer
"""
import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional

import hardnet


class NormConv(nn.Module):
    """BN-ReLU-Conv."""

    def __init__(self, inputs, outputs, kernel, bias=False):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, bias=bias)

    def forward(self, x):
        return self.conv(functional.relu(self.norm(x)))


class NarrowedConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        narrow = math.isqrt(inputs * outputs)
        self.layer1 = NormConv(inputs, narrow, 1)
        self.layer2 = NormConv(narrow, outputs, 3)

    def forward(self, x):
        return self.layer2(self.layer1(x))


class Transition(NormConv):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 1)


class InvertedTransition(NormConv):
    def __init__(self, inputs, outputs):
        super().__init__(2 * inputs, outputs, 1)

    def forward(self, x):
        return super().forward(torch.cat([functional.max_pool2d(x, 2), functional.avg_pool2d(x, 2)], 1))


@dataclasses.dataclass
class Record:
    growth: int
    depths: list  # of the blocks, per stride 4, 8, 16, 32
    multiplier: float = 1.6

    def layer(self, number, inputs, outputs):
        return NarrowedConv(inputs, outputs) if number % 4 == 0 else NormConv(inputs, outputs, 3)


RECORDS = {
    "hardnet96s": Record(20, [(8,), (16,), (16, 16), (16,)]),
    "hardnet117s": Record(26, [(8,), (16,), (16, 16, 16), (16,)]),
    "hardnet138s": Record(30, [(8,), (16,), (16, 16, 16), (16, 16)]),
}


class HarDNetS(nn.Module):
    def __init__(self, record, classes=1000):
        super().__init__()
        channels = 64
        self.base = nn.ModuleList([hardnet.Conv(3, channels, 7, 2, "relu"), nn.MaxPool2d(3, 2, 1)])
        blocks = [(depth, i == 0) for stage in record.depths for i, depth in enumerate(stage)]
        for number, (depth, first_of_stage) in enumerate(blocks):
            if number > 0:
                kept = channels * 85 // 100
                self.base.append((InvertedTransition if first_of_stage else Transition)(channels, kept))
                channels = kept
            self.base.append(hardnet.HarDBlock(channels, record.growth, depth, record, keep_input=True))
            channels = self.base[-1].outputs
        self.base.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                                       nn.Linear(channels, classes)))

    def forward(self, x):
        for module in self.base:
            x = module(x)
        return x
