"""HarDNet as the model zoo pytorchcv arranges it: other names for the same layers, and ReLU where the authors have ReLU6
inside blocks without depthwise layers. Written from its published structure; takes the Records of hardnet.py."""
import torch
from torch import nn

import hardnet


class ConvBlock(nn.Sequential):
    """`conv`, `bn` and an activation; a depthwise one has none and counts its groups."""

    def __init__(self, inputs, outputs, kernel, stride=1, activation=None, groups=1):
        super().__init__()
        self.add_module("conv", nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False))
        self.add_module("bn", nn.BatchNorm2d(outputs))
        if activation:
            self.add_module("activ", activation())


def depthwise(channels, stride):
    return ConvBlock(channels, channels, 3, stride, groups=channels)


class PointwiseDepthwise(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.add_module("pw_conv", ConvBlock(inputs, outputs, 1, activation=nn.ReLU6))
        self.add_module("dw_conv", depthwise(outputs, 1))


class Unit(nn.Module):
    """A HarDBlock, its transition and, at a stage's end, the downsampling. Links and widths are the oracle's."""

    def __init__(self, inputs, block, record):
        super().__init__()
        growth, layers, transition, downsample = block
        ours = hardnet.HarDBlock(inputs, growth, layers, record)
        self.links, self.given = ours.links, ours.given
        self.blocks = nn.Sequential()
        for i, layer in enumerate(ours.layers):
            conv = (layer.layer1 if record.depthwise else layer).conv
            args = conv.in_channels, conv.out_channels
            self.blocks.add_module(f"block{i + 1}", PointwiseDepthwise(*args) if record.depthwise
                                   else ConvBlock(*args, 3, activation=nn.ReLU))
        self.conv = ConvBlock(ours.outputs, transition, 1, activation=nn.ReLU6)
        if downsample:
            self.downsample = depthwise(transition, 2) if record.depthwise else nn.MaxPool2d(2, 2)

    def forward(self, x):
        parts = [x]
        for block, links in zip(self.blocks, self.links):
            parts.append(block(torch.cat([parts[i] for i in links], 1)))
        x = self.conv(torch.cat([parts[l] for l in self.given], 1))
        return self.downsample(x) if hasattr(self, "downsample") else x


class HarDNet(nn.Module):
    def __init__(self, record):
        super().__init__()
        r = record
        self.features = nn.Sequential()
        stem = nn.Sequential()
        stem.add_module("conv1", ConvBlock(3, r.stem[0], 3, 2, nn.ReLU6))
        stem.add_module("conv2", ConvBlock(r.stem[0], r.stem[1], r.stem_kernel, activation=nn.ReLU6))
        stem.add_module("downsample", depthwise(r.stem[1], 2) if r.depthwise else nn.MaxPool2d(3, 2, 1))
        self.features.add_module("init_block", stem)
        channels, stage, number = r.stem[1], nn.Sequential(), 1
        for i, block in enumerate(r.blocks):
            stage.add_module(f"unit{len(stage) + 1}", Unit(channels, block, r))
            channels = block[2]
            if block[3] or i + 1 == len(r.blocks):  # a stage ends behind a downsampling
                self.features.add_module(f"stage{number}", stage)
                stage, number = nn.Sequential(), number + 1
        self.output = nn.Sequential()
        self.output.add_module("fc", nn.Linear(channels, r.classes))

    def forward(self, x):
        return self.output(self.features(x).mean((2, 3)))


def theirs(ours, record):
    """A state of the authors' names under pytorchcv's: both list the same parameters in the same order, but for the
    order within a layer, which is theirs."""
    def parameters(model):
        return [k for k in model.state_dict() if not k.endswith("num_batches_tracked")]
    pairs = zip(parameters(HarDNet(record)), parameters(hardnet.HarDNet(record)), strict=True)
    return {name: ours[key] for name, key in pairs}
