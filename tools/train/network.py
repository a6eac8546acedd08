"""A HarDNet with 3x3 layers as a PyTorch module, built from a record in models/, under the authors' key names."""

from torch import cat, nn


class ConvLayer(nn.Sequential):
    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.add_module("conv", nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False))
        self.add_module("norm", nn.BatchNorm2d(outputs))
        self.add_module("relu", nn.ReLU6())


def layer_width(record, block, layer):
    """Output channels of layer 1, 2, ... of a block: more for every power of two that divides the layer's number."""
    width = float(block["growth_rate"])
    while layer % 2 == 0:
        width *= record["multiplier"]
        layer //= 2
    return int(int(width + 1) / 2) * 2


class HarDBlock(nn.Module):
    def __init__(self, record, block, inputs):
        super().__init__()
        count = block["layers"]
        widths = [inputs] + [layer_width(record, block, i) for i in range(1, count + 1)]
        # layer i reads layers i - 1, i - 2, i - 4, ... as long as the distance divides i; nearest first
        self.links = [[i - 2**k for k in range(10) if i % 2**k == 0 and 2**k <= i] for i in range(1, count + 1)]
        self.kept = [i for i in range(1, count + 1) if i % 2 == 1 or i == count]
        self.layers = nn.ModuleList(
            ConvLayer(sum(widths[j] for j in links), widths[i], 3) for i, links in enumerate(self.links, 1)
        )
        self.outputs = sum(widths[i] for i in self.kept)

    def forward(self, x):
        results = [x]
        for links, layer in zip(self.links, self.layers):
            results.append(layer(cat([results[i] for i in links], 1)))
        return cat([results[i] for i in self.kept], 1)


class HarDNet(nn.Module):
    def __init__(self, record):
        super().__init__()
        stem = record["stem"]
        base = [
            ConvLayer(3, stem[0], 3, stride=2),
            ConvLayer(stem[0], stem[1], record["stem_kernel"]),
            nn.MaxPool2d(3, 2, 1),
        ]
        channels = stem[1]
        for block in record["blocks"]:
            base.append(HarDBlock(record, block, channels))
            base.append(ConvLayer(base[-1].outputs, block["transition"], 1))
            channels = block["transition"]
            if block["downsample"]:
                base.append(nn.MaxPool2d(2, 2))
        base.append(
            nn.Sequential(
                nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(channels, record["classes"])
            )
        )
        self.base = nn.ModuleList(base)

    def forward(self, x):
        for layer in self.base:
            x = layer(x)
        return x
