"""Writes tests/fuzz/seeds/onnx/<module>.<exporter>.onnx: small modules that both exporters make files of, for the fuzz target to
start from. Everything that exporters write stays, notes on where nodes came from among it.

    build/onnx-export/venv/bin/python tools/onnx/make_seeds.py
"""
import pathlib
import tempfile

import onnx
import torch
from torch import nn
from torch.nn import functional

import exporters

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "fuzz" / "seeds" / "onnx"
EXTENT = 4  # of the images that the target imports with


class Block(nn.Module):
    """Convolutions, their norms and activations, and concatenations."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU6())
        self.depthwise = nn.Conv2d(4, 4, (1, 3), 1, (0, 1), groups=4)
        self.last = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        x = self.first(x)
        return self.last(torch.cat([functional.relu(self.depthwise(x)), x], 1))


class Classifier(nn.Module):
    """Pools, squeeze and excitation, a fully connected layer."""

    def __init__(self):
        super().__init__()
        self.conv, self.gate, self.classes = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        x = functional.max_pool2d(functional.hardswish(self.conv(x)), 2)
        x = x * torch.sigmoid(self.gate(functional.adaptive_avg_pool2d(x, 1)))
        return self.classes(torch.flatten(functional.avg_pool2d(x, 2), 1))


class Decoder(nn.Module):
    """Resizing, splits, sums and products, norms in front."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.slope = nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.PReLU(2)

    def forward(self, x):
        first, second = torch.split(functional.relu(self.norm(self.conv(x))), 2, 1)
        x = self.slope(first) * 0.5 + functional.leaky_relu(second)
        return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)


class Rows(nn.Module):
    """SSD's heads: two outputs of rows."""

    def __init__(self):
        super().__init__()
        self.boxes, self.scores = nn.Conv2d(3, 4, 3, 1, 1), nn.Conv2d(3, 2, 3, 1, 1)

    def forward(self, x):
        rows = [head.permute(0, 2, 3, 1).flatten(1) for head in (self.boxes(x), self.scores(x))]
        return rows[0].view(1, -1, 4), rows[1].view(1, -1, 2)


def main():
    torch.manual_seed(1)
    for module in (Block, Classifier, Decoder, Rows):
        for exporter in exporters.EXPORTERS:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "x.onnx")
                exporters.export(module().eval(), torch.zeros(1, 3, EXTENT, EXTENT), exporter, path)
                onnx.save(onnx.load(path), FOLDER / f"{module.__name__.lower()}.{exporter}.onnx")


if __name__ == "__main__":
    main()
