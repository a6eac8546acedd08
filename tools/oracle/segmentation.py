"""Segmentation networks, all giving logits: FC-HarDNet-70 under the names of the authors' repository, and the two
families that the paper compares on CamVid, FC-DenseNet (names and arrangement of its PyTorch port, pytorch_tiramisu)
and the FC-HarDNets that were never published.

The unpublished ones are a reconstruction that gives the paper's parameters, MACs and CIO. They have FC-DenseNet's
arrangement and names: a 3x3 convolution; five times a block, a 1x1 and a max pool; a block; five times a transposed
convolution, the skip behind it, a block; a 1x1 with bias. Their blocks are HarDBlocks of BN-ReLU-Conv layers without
bias, on the way down they give their input as well, and the last 1x1 reads what the last block gives.
    firstconv                                  no norm
    denseBlocksDown.{0-4}.layers.M.norm|conv   M counts the layers of a block
    transDownBlocks.{0-4}.norm|conv            as many channels as it reads
    bottleneck.bottleneck.layers.M.norm|conv
    transUpBlocks.{0-4}.convTrans              with bias, as many channels as it reads
    denseBlocksUp.{0-4}.layers.M.norm|conv
    finalConv
"""
import torch
from torch import nn
from torch.nn import functional

import hardnet
from hardnet_s import NormConv


def resized(x, size):
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=True)


FCHARDNET70 = hardnet.Record((16, 24, 32, 48), 1.7, [(10, 4, 64, 1), (16, 4, 96, 1), (18, 8, 160, 1), (24, 8, 224, 1),
                                                     (32, 8, 320, 0)], activation="relu", classes=19)


class FCHarDNet(nn.Module):
    """The stem's four convolutions halve the resolution twice. The decoder's parts are stored deepest first."""

    def __init__(self, record):
        super().__init__()
        activation = record.activation
        self.base = nn.ModuleList(
            hardnet.Conv(inputs, outputs, 3, stride, activation)
            for inputs, outputs, stride in zip((3, *record.stem), record.stem, (2, 1, 2, 1)))
        channels, skips = record.stem[-1], []
        for growth, layers, transition, downsample in record.blocks:
            block = hardnet.HarDBlock(channels, growth, layers, record)
            self.base.extend([block, hardnet.Conv(block.outputs, transition, 1, 1, activation)])
            channels = transition
            if downsample:
                self.base.append(nn.AvgPool2d(2))
                skips.append(block.outputs)
        self.denseBlocksUp, self.conv1x1_up = nn.ModuleList(), nn.ModuleList()
        for (growth, layers, _, _), skip in zip(record.blocks[-2::-1], reversed(skips)):
            reduced = (channels + skip) // 2
            self.conv1x1_up.append(hardnet.Conv(channels + skip, reduced, 1, 1, activation))
            self.denseBlocksUp.append(hardnet.HarDBlock(reduced, growth, layers, record))
            channels = self.denseBlocksUp[-1].outputs
        self.finalConv = nn.Conv2d(channels, record.classes, 1)

    def forward(self, image):
        x, skips = image, []
        for module in self.base:
            x = module(x)
            if isinstance(module, hardnet.HarDBlock):
                skips.append(x)
        skips.pop()  # the deepest block's is none
        for reduce, block in zip(self.conv1x1_up, self.denseBlocksUp):
            skip = skips.pop()
            x = block(reduce(torch.cat([resized(x, skip.shape[2:]), skip], 1)))
        return resized(self.finalConv(x), image.shape[2:])


class DenseBlock(nn.Module):
    """Each layer reads the input and all layers before it, oldest first; gives all of that, or its layers' only."""

    def __init__(self, inputs, growth, layers, keep_input):
        super().__init__()
        self.layers = nn.ModuleList(NormConv(inputs + i * growth, growth, 3, bias=True) for i in range(layers))
        self.keep_input = keep_input
        self.outputs = layers * growth + (inputs if keep_input else 0)

    def forward(self, x):
        parts = [x]
        for layer in self.layers:
            parts.append(layer(torch.cat(parts, 1)))
        return torch.cat(parts if self.keep_input else parts[1:], 1)


class TransitionDown(NormConv):
    def __init__(self, channels, bias):
        super().__init__(channels, channels, 1, bias)

    def forward(self, x):
        return functional.max_pool2d(super().forward(x), 2)


class TransitionUp(nn.Module):
    """Its output has 2n + 1 rows of n; the skip has as many or one less, and then the last is cut off."""

    def __init__(self, channels):
        super().__init__()
        self.convTrans = nn.ConvTranspose2d(channels, channels, 3, 2)

    def forward(self, x, skip):
        height, width = skip.shape[2:]
        return self.convTrans(x)[:, :, :height, :width]


class Tiramisu(nn.Module):
    """`block(level, inputs, place)` makes the blocks; level 5 is the bottleneck, place one of down, up and top."""

    def __init__(self, first, block, bias, classes=11):
        super().__init__()
        self.firstconv = nn.Conv2d(3, first, 3, 1, 1, bias=bias)
        self.denseBlocksDown, self.transDownBlocks = nn.ModuleList(), nn.ModuleList()
        channels, skips = first, []
        for level in range(5):
            self.denseBlocksDown.append(block(level, channels, "down"))
            channels = self.denseBlocksDown[-1].outputs
            skips.append(channels)
            self.transDownBlocks.append(TransitionDown(channels, bias))
        self.bottleneck = nn.ModuleDict({"bottleneck": block(5, channels, "up")})
        channels = self.bottleneck["bottleneck"].outputs
        self.transUpBlocks, self.denseBlocksUp = nn.ModuleList(), nn.ModuleList()
        for level in reversed(range(5)):
            self.transUpBlocks.append(TransitionUp(channels))
            self.denseBlocksUp.append(block(level, channels + skips[level], "up" if level else "top"))
            channels = self.denseBlocksUp[-1].outputs
        self.finalConv = nn.Conv2d(channels, classes, 1)

    def forward(self, image):
        x, skips = self.firstconv(image), []
        for block, down in zip(self.denseBlocksDown, self.transDownBlocks):
            x = block(x)
            skips.append(x)
            x = down(x)
        x = self.bottleneck["bottleneck"](x)
        for up, block in zip(self.transUpBlocks, self.denseBlocksUp):
            skip = skips.pop()
            x = block(torch.cat([up(x, skip), skip], 1))
        return self.finalConv(x)


def fcdensenet(growth, depths, keeping=("down", "top")):
    """On the way up only the topmost block gives its input; in the paper's figures it does not either."""
    return Tiramisu(48, lambda level, inputs, place: DenseBlock(inputs, growth, depths[level], place in keeping), True)


class CamVidRecord:
    def __init__(self, multiplier):
        self.multiplier = multiplier

    def layer(self, number, inputs, outputs):
        return NormConv(inputs, outputs, 3)


def fchardnet_camvid(first, depths, growths, multiplier=1.7):
    record = CamVidRecord(multiplier)
    return Tiramisu(first, lambda level, inputs, place: hardnet.HarDBlock(
        inputs, growths[level], depths[level], record, keep_input=place == "down"), False)


FCDENSENETS = {
    "fcdensenet56": (12, (4, 4, 4, 4, 4, 4)),
    "fcdensenet67": (16, (5, 5, 5, 5, 5, 5)),
    "fcdensenet103": (16, (4, 5, 7, 10, 12, 15)),
}
FCHARDNETS = {
    "fchardnet68": (8, (4, 4, 4, 4, 8, 8), (4, 6, 8, 8, 10, 10)),
    "fchardnet76": (24, (4, 4, 4, 8, 8, 8), (8, 10, 12, 12, 12, 14)),
    "fchardnet84": (32, (4, 4, 8, 8, 8, 8), (10, 12, 14, 16, 20, 22)),
    "fchardnet_ref100": (48, (8,) * 6, (10,) * 6, 1.54),
}
