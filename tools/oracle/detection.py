"""Detectors, giving what their heads give before any decoding, under the names of the authors' repositories:
SSD512 on HarDNet-68, HarDNet-85 and VGG-16, and CenterNet on HarDNet-85, whose activations are all ReLU; and both on any
other HarDNet, whose downsampling is a depthwise convolution where its layers are."""
import dataclasses

import torch
from torch import nn
from torch.nn import functional

import hardnet
from segmentation import resized

RECORDS = {68: hardnet.Record((32, 64), 1.7, hardnet.HARDNET68_BLOCKS[:4], activation="relu"),
           85: hardnet.Record((48, 96), 1.7, hardnet.RECORDS["hardnet85"].blocks[:5], activation="relu")}


def trunk(record, pool):
    """HarDNet up to stride 16, the last transition included: base.0 to base.12 of HarDNet-68, base.14 of HarDNet-85."""
    def downsampling(channels, *how, **rounding):
        return hardnet.Depthwise(channels, 2) if record.depthwise else pool(*how, **rounding)
    channels = record.stem[1]
    base = [hardnet.Conv(record.input_planes, record.stem[0], 3, 2, record.activation),
            hardnet.Conv(*record.stem, record.stem_kernel, 1, record.activation), downsampling(channels, 3, 2, 1)]
    halvings = 0
    for i, (growth, layers, transition, downsample) in enumerate(record.blocks):
        block = hardnet.HarDBlock(channels, growth, layers, record)
        base += [block, hardnet.Conv(block.outputs, transition, 1, 1, record.activation)]
        channels = transition
        if downsample and i + 1 < len(record.blocks):
            base.append(downsampling(channels, 2, 2, ceil_mode=halvings == 0))
            halvings += 1
    return base


def vgg_trunk():
    """VGG-16 with the third pool rounding up, then a pool that keeps the size and the dilated convolution."""
    base, channels = [], 3
    for outputs in (64, 64, "M", 128, 128, "M", 256, 256, 256, "C", 512, 512, 512, "M", 512, 512, 512):
        if isinstance(outputs, str):
            base.append(nn.MaxPool2d(2, 2, ceil_mode=outputs == "C"))
            continue
        base += [nn.Conv2d(channels, outputs, 3, 1, 1), nn.ReLU()]
        channels = outputs
    return base + [nn.MaxPool2d(3, 1, 1), nn.Conv2d(512, 1024, 3, 1, 6, 6), nn.ReLU(), nn.Conv2d(1024, 1024, 1),
                   nn.ReLU()]


class L2Norm(nn.Module):
    """Each pixel's channels divided by their Euclidean length, then scaled per channel."""
    spread = (20.0, 5.0)  # of seeded parameters; 20 is what training starts with

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), 20.0))

    def forward(self, x):
        length = x.pow(2).sum(1, keepdim=True).sqrt() + 1e-10
        return x / length * self.weight[:, None, None]


class SSD512(nn.Module):
    """Reads the trunk behind its entry `tap`, its end, and every second extra layer, seven `sources` unless told. Priors
    are ordered by source, row, column and box."""
    EXTRAS = [(256, 1, 1, 0), (512, 3, 2, 1), (128, 1, 1, 0), (256, 3, 2, 1), (128, 1, 1, 0), (256, 3, 2, 1),
              (128, 1, 1, 0), (256, 3, 2, 1), (128, 1, 1, 0), (256, 4, 1, 1)]  # channels, window, stride, padding
    BOXES = [6, 6, 6, 6, 6, 4, 4]

    def __init__(self, base, tap, channels, bridge=None, classes=81, sources=7):
        super().__init__()
        self.tap, self.classes = tap, classes
        self.base = nn.ModuleList(base)
        if bridge:
            self.bridge = bridge
        self.extras = nn.ModuleList()
        inputs = channels[1]
        for outputs, window, stride, padding in self.EXTRAS[:2 * (sources - 2)]:
            self.extras.append(nn.Conv2d(inputs, outputs, window, stride, padding))
            inputs = outputs
        channels = (*channels, *(extra.out_channels for extra in self.extras[1::2]))
        self.L2Norm = L2Norm(channels[0])
        self.loc = nn.ModuleList(nn.Conv2d(c, n * 4, 3, 1, 1) for c, n in zip(channels, self.BOXES))
        self.conf = nn.ModuleList(nn.Conv2d(c, n * classes, 3, 1, 1) for c, n in zip(channels, self.BOXES))

    def forward(self, x):
        for module in self.base[:self.tap + 1]:
            x = module(x)
        sources = [self.L2Norm(x)]
        for module in self.base[self.tap + 1:]:
            x = module(x)
        if hasattr(self, "bridge"):
            x = self.bridge(x)
        sources.append(x)
        for i, extra in enumerate(self.extras):
            x = functional.relu(extra(x))
            if i % 2 == 1:
                sources.append(x)
        return self.gathered(self.loc, sources, 4), self.gathered(self.conf, sources, self.classes)

    @staticmethod
    def gathered(heads, sources, columns):
        maps = [head(source).permute(0, 2, 3, 1) for head, source in zip(heads, sources)]
        return torch.cat([m.reshape(m.shape[0], -1, columns) for m in maps], 1)


def ssd_hardnet(record, classes, sources):
    """With HarDNet-68's bridge, the paper's: dilated, as wide as the trunk's end."""
    base = trunk(record, nn.MaxPool2d)
    tap = max(i for i, module in enumerate(base) if isinstance(module, (nn.MaxPool2d, hardnet.Depthwise))) - 1
    channels = (base[tap].conv.out_channels, base[-1].conv.out_channels)
    width = channels[1]
    bridge = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(width, width, 3, 1, 4, 4, bias=False),
                           nn.BatchNorm2d(width), hardnet.ACTIVATIONS[record.activation](),
                           hardnet.Conv(width, width, 1, 1, record.activation))
    return SSD512(base + [bridge], tap, channels, None, classes, sources)


def ssd512_hardnet68():
    return ssd_hardnet(RECORDS[68], 81, 7)


def ssd512_hardnet85():
    bridge = nn.Sequential(nn.MaxPool2d(3, 1, 1), hardnet.Conv(720, 960, 3, 1, "relu"),
                           hardnet.Conv(960, 720, 1, 1, "relu"))
    return SSD512(trunk(RECORDS[85], nn.MaxPool2d), 9, (320, 720), bridge)


def ssd512_vgg16():
    return SSD512(vgg_trunk(), 22, (512, 1024))


SSDS = {make.__name__: make for make in (ssd512_hardnet68, ssd512_hardnet85, ssd512_vgg16)}


def three_way(x):
    """Every channel thrice: itself, its average over 9x9 with zeros around counted, its share of the image's sum."""
    return torch.cat([x, functional.avg_pool2d(x, 9, 1, 4), x / (x.sum((2, 3), keepdim=True) + 0.1)], 1)


class CenterNet(nn.Module):
    """The decoder's parts are stored deepest first; the two deepest 1x1 give 32 channels more, last, that go straight
    to the heads. The heads read the shallower shortcut, the deeper one, then the decoder."""
    SHORTCUT = 32

    def __init__(self, record=RECORDS[85], classes=80):
        super().__init__()
        self.base = nn.ModuleList(trunk(record, nn.AvgPool2d)[:-1])  # without the last transition
        halving = (nn.AvgPool2d, hardnet.Depthwise)
        blocks = [i for i, module in enumerate(self.base) if isinstance(module, hardnet.HarDBlock)]
        self.skips = [i for i in blocks if i == blocks[-1] or isinstance(self.base[i + 2], halving)]
        skips = [self.base[i].outputs for i in self.skips]
        self.last_proj = hardnet.Conv(skips[-1], 256, 1, 1, record.activation)
        self.last_blk = hardnet.HarDBlock(3 * 256, 80, 8, dataclasses.replace(record, depthwise=False))
        self.denseBlocksUp, self.conv1x1_up = nn.ModuleList(), nn.ModuleList()
        channels = self.last_blk.outputs
        for i, skip in enumerate(reversed(skips)):
            width, growth, layers = ((256, 64, 8), (192, 48, 8), (96, 28, 4))[min(i, 2)]
            shortcut = self.SHORTCUT if i + 1 < len(skips) else 0
            width -= shortcut
            self.conv1x1_up.append(hardnet.Conv(channels + skip, width + shortcut, 1, 1, record.activation))
            self.denseBlocksUp.append(
                hardnet.HarDBlock(3 * width, growth, layers, dataclasses.replace(record, depthwise=False)))
            channels = self.denseBlocksUp[-1].outputs
        channels += (len(skips) - 1) * self.SHORTCUT
        self.hm, self.wh = self.head(channels, classes), self.head(channels, 4)

    @staticmethod
    def head(inputs, outputs):
        hidden = max(128, 4 * outputs)
        return nn.Sequential(nn.Conv2d(inputs, hidden, 3, 1, 1), nn.ReLU(), nn.Conv2d(hidden, outputs, 1))

    def forward(self, x):
        skips, shortcuts = [], []
        for i, module in enumerate(self.base):
            x = module(x)
            if i in self.skips:
                skips.append(x)
        x = self.last_blk(three_way(functional.avg_pool2d(self.last_proj(x), 2)))
        for reduce, block in zip(self.conv1x1_up, self.denseBlocksUp):
            skip = skips.pop()
            x = reduce(torch.cat([resized(x, skip.shape[2:]), skip], 1))
            if skips:  # all but the shallowest
                shortcuts.insert(0, x[:, -self.SHORTCUT:])
                x = x[:, :-self.SHORTCUT]
            x = block(three_way(x))
        x = torch.cat([resized(shortcut, x.shape[2:]) for shortcut in shortcuts] + [x], 1)
        return self.hm(x), self.wh(x)
