"""The classifiers that the paper compares HarDNet with: torchvision's definitions, and its names of parameters."""
from torchvision.models import densenet, mobilenetv2, resnet, vgg


class BottleneckV1(resnet.Bottleneck):
    """The ResNet paper's own: the stride is in the first 1x1, where torchvision's (v1.5) has it in the 3x3."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.conv1.stride, self.conv2.stride = self.conv2.stride, self.conv1.stride


RESNET_DEPTHS = {"resnet18": (2, 2, 2, 2), "resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3),
                 "resnet152": (3, 8, 36, 3)}
DENSENET_DEPTHS = {"densenet121": (6, 12, 24, 16), "densenet201": (6, 12, 48, 32), "densenet264": (6, 12, 64, 48)}
MOBILENET_WIDTHS = {"mobilenetv2": 1.0, "mobilenetv2_14": 1.4}


def resnet_v15(name):
    return resnet.ResNet(resnet.BasicBlock if name == "resnet18" else resnet.Bottleneck, RESNET_DEPTHS[name])


def resnet_v1(name):
    return resnet.ResNet(BottleneckV1, RESNET_DEPTHS[name.removesuffix("_v1")])


def densenet_k32(name):
    return densenet.DenseNet(32, DENSENET_DEPTHS[name], 64)


def mobilenet_v2(name):
    """Channels are the paper's times the width, rounded to multiples of 8."""
    return mobilenetv2.MobileNetV2(width_mult=MOBILENET_WIDTHS[name])


def vgg16():
    return vgg.vgg16(weights=None, init_weights=False)
