"""HarDNet in PyTorch from the paper's rules, independent of models/: parameters named as in the authors' checkpoints."""
import dataclasses
import json

import torch
from torch import nn


@dataclasses.dataclass
class Record:
    stem: tuple  # channels of the two first convolutions
    multiplier: float
    blocks: list  # (growth rate, layers, channels of the transition, downsample behind it)
    depthwise: bool = False
    extra_dropout: bool = False  # takes an index in `base` before the last transition
    activation: str = "relu6"
    classes: int = 1000
    stem_kernel: int = 3
    input_planes: int = 3

    def layer(self, number, inputs, outputs):
        """Layer `number` of a block, counted from 1."""
        if self.depthwise:
            return PointwiseDepthwise(inputs, outputs, self.activation)
        return Conv(inputs, outputs, 3, 1, self.activation)


HARDNET68_BLOCKS = [(14, 8, 128, 1), (16, 16, 256, 0), (20, 16, 320, 1), (40, 16, 640, 1), (160, 4, 1024, 0)]
RECORDS = {
    "hardnet39ds": Record((24, 48), 1.6, [(16, 4, 96, 1), (20, 16, 320, 1), (64, 8, 640, 1), (160, 4, 1024, 0)],
                          depthwise=True, stem_kernel=1),
    "hardnet68ds": Record((32, 64), 1.7, HARDNET68_BLOCKS, depthwise=True, stem_kernel=1),
    "hardnet68": Record((32, 64), 1.7, HARDNET68_BLOCKS),
    "hardnet85": Record((48, 96), 1.7, [(24, 8, 192, 1), (24, 16, 256, 0), (28, 16, 320, 1), (36, 16, 480, 0),
                                        (48, 16, 720, 1), (256, 4, 1280, 0)], extra_dropout=True),
}


def record_from_json(text):
    """A record as models/*.json spells it."""
    r = json.loads(text)
    blocks = [(b["growth_rate"], b["layers"], b["transition"], b["downsample"]) for b in r["blocks"]]
    return Record(tuple(r["stem"]), r["multiplier"], blocks, r["depthwise"], r["dropout_behind_last_block"],
                  r["activation"], r["classes"], r["stem_kernel"], r.get("input_planes", 3))


ACTIVATIONS = {"relu6": nn.ReLU6, "relu": nn.ReLU, "none": nn.Identity}


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride, activation):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        return self.activation(self.norm(self.conv(x)))


class Depthwise(nn.Module):
    def __init__(self, channels, stride):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.norm(self.dwconv(x))


class PointwiseDepthwise(nn.Module):
    def __init__(self, inputs, outputs, activation):
        super().__init__()
        self.layer1 = Conv(inputs, outputs, 1, 1, activation)
        self.layer2 = Depthwise(outputs, 1)

    def forward(self, x):
        return self.layer2(self.layer1(x))


class HarDBlock(nn.Module):
    """Layer l (from 1) reads the layers l - 1, l - 2, l - 4... as long as the power of two divides l; layer 0 is the
    input. Its width is the growth rate times the multiplier once per even power, rounded to an even number. The block
    gives its odd layers and its last, behind its input where `keep_input` says so. `record` has the multiplier and
    makes the layers."""

    def __init__(self, inputs, growth, layers, record, keep_input=False):
        super().__init__()
        self.links = [[l - 2**p for p in range(10) if l % 2**p == 0] for l in range(1, layers + 1)]
        widths = [inputs]
        self.layers = nn.ModuleList()
        for number, links in enumerate(self.links, 1):
            width = float(growth)
            for _ in links[1:]:
                width *= record.multiplier
            widths.append(int(width + 1) // 2 * 2)
            self.layers.append(record.layer(number, sum(widths[i] for i in links), widths[-1]))
        self.given = [l for l in range(layers + 1) if l % 2 == 1 or l == layers or l == 0 and keep_input]
        self.outputs = sum(widths[l] for l in self.given)

    def forward(self, x):
        parts = [x]
        for layer, links in zip(self.layers, self.links):
            parts.append(layer(torch.cat([parts[i] for i in links], 1)))
        return torch.cat([parts[l] for l in self.given], 1)


class HarDNet(nn.Module):
    def __init__(self, record):
        super().__init__()
        r = record
        self.base = nn.ModuleList([
            Conv(r.input_planes, r.stem[0], 3, 2, r.activation),
            Conv(r.stem[0], r.stem[1], r.stem_kernel, 1, r.activation),
            Depthwise(r.stem[1], 2) if r.depthwise else nn.MaxPool2d(3, 2, 1),
        ])
        channels = r.stem[1]
        for i, (growth, layers, transition, downsample) in enumerate(r.blocks):
            block = HarDBlock(channels, growth, layers, r)
            self.base.append(block)
            if r.extra_dropout and i == len(r.blocks) - 1:
                self.base.append(nn.Dropout(0.1))
            self.base.append(Conv(block.outputs, transition, 1, 1, r.activation))
            channels = transition
            if downsample:
                self.base.append(Depthwise(channels, 2) if r.depthwise else nn.MaxPool2d(2, 2))
        self.base.append(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1),
                                       nn.Linear(channels, r.classes)))

    def forward(self, x):
        for module in self.base:
            x = module(x)
        return x


def with_parameters(model, arrays):
    """Loads {key: numpy array}, all keys required but the counters, and returns the model in eval mode and double."""
    tensors = {k: torch.from_numpy(v) for k, v in arrays.items()}
    missing, extra = model.load_state_dict(tensors, strict=False)
    missing = [k for k in missing if not k.endswith("num_batches_tracked")]
    if missing or extra:
        raise ValueError(f"parameters: expected none missing or extra, found {missing[:10]} and {extra[:10]}")
    return model.double().eval()
