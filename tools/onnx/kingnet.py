"""KingNet-53, the HarDNet v2 backbone, written from its published arrangement: convolutions keep their width, and what each
gives is cut into slices, one per later layer that reads it; squeeze-and-excitation behind each block."""
import torch
from torch import nn

import hardnet

STEM = (30, 60)
BLOCKS = [(9, 120, 1), (9, 240, 0), (15, 540, 1), (9, 800, 1), (3, 1200, 0)]  # layers, transition, downsample behind it
GIVEN = {3: (2,), 9: (3, 6), 15: (3, 6, 9, 12)}  # by layers: those whose outputs a block gives, before its last
SQUEEZED = 20  # channels per one of the excitation's


def conv(inputs, outputs, kernel, stride=1):
    return hardnet.Conv(inputs, outputs, kernel, stride, "relu6")


class KingBlock(nn.Module):
    """Layer l (0 is the input) gives one slice to layer l + d for each divisor d of the layers' number that divides l, so
    that layer l reads as many slices as it gives. All slices of a block are of one width."""

    def __init__(self, inputs, layers):
        super().__init__()
        divisors = [d for d in range(1, layers + 1) if layers % d == 0]
        self.width = inputs // len(divisors)
        self.steps = [[d for d in divisors if l % d == 0] for l in range(layers)]
        widths = [len(steps) * self.width for steps in self.steps[1:]] + [inputs]
        self.layers = nn.ModuleList(conv(width, width, 3) for width in widths)
        self.given = (*GIVEN[layers], layers)
        self.outputs = sum(widths[l - 1] for l in self.given)

    def forward(self, x):
        outputs, read = [x], [[] for _ in range(len(self.layers) + 1)]
        for number, layer in enumerate(self.layers):
            for step, part in zip(self.steps[number], torch.split(x, self.width, 1)):
                read[number + step].append(part)
            x = layer(torch.cat(read[number + 1], 1))
            outputs.append(x)
        return torch.cat([outputs[l] for l in self.given], 1)


class Excitation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.gates = nn.Sequential(nn.Linear(channels, channels // SQUEEZED, bias=False), nn.ReLU(),
                                   nn.Linear(channels // SQUEEZED, channels, bias=False), nn.Sigmoid())

    def forward(self, x):
        batch, channels = x.shape[:2]
        gates = self.gates(self.pool(x).view(batch, channels)).view(batch, channels, 1, 1)
        return x * gates.expand_as(x)


class KingNet53(nn.Sequential):
    def __init__(self):
        modules = [conv(3, STEM[0], 3, 2), conv(*STEM, 3), nn.MaxPool2d(2)]
        channels = STEM[1]
        for layers, transition, downsample in BLOCKS:
            block = KingBlock(channels, layers)
            modules += [block, Excitation(block.outputs), conv(block.outputs, transition, 1)]
            modules += [nn.MaxPool2d(2)] * downsample
            channels = transition
        super().__init__(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(channels, 1000))
