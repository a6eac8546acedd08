"""All networks by name: how to make one, the size that its figures are stated for, its outputs, and the modules whose
outputs goldens tap."""
import dataclasses
import functools
from collections.abc import Callable

import torch
from torch import nn
from torchvision.models import densenet, mobilenetv2, resnet
from torchvision.ops.misc import Conv2dNormActivation

import detection
import hardnet
import hardnet_s
import rivals
import seeded
import segmentation


@dataclasses.dataclass
class Network:
    make: Callable
    size: tuple  # height, width
    outputs: tuple
    taps: tuple  # types of modules, whose outputs any implementation has: behind norm and activation where they follow

    def seeded(self, seed):
        """In double and eval mode."""
        model = self.make()
        return hardnet.with_parameters(model, seeded.state(model, seed))


def image_of(height, width, seed, planes=3):
    return torch.from_numpy(seeded.seeded_input((1, planes, height, width), seed)).double()


def outputs_of(model, image):
    """Always a tuple."""
    with torch.no_grad():
        outputs = model(image)
    return outputs if isinstance(outputs, tuple) else (outputs,)


NETWORKS = {}


def add(names, make, size, outputs, *taps):
    """`make` takes a name."""
    for name in names:
        NETWORKS[name] = Network(functools.partial(make, name), size, outputs, taps)


IMAGENET, CAMVID, LOGITS = (224, 224), (352, 480), ("logits",)
RESNET = (resnet.BasicBlock, resnet.Bottleneck, nn.MaxPool2d, nn.Linear)
add(hardnet.RECORDS, lambda n: hardnet.HarDNet(hardnet.RECORDS[n]), IMAGENET, LOGITS,
    hardnet.Conv, hardnet.Depthwise)
add(hardnet_s.RECORDS, lambda n: hardnet_s.HarDNetS(hardnet_s.RECORDS[n]), IMAGENET, LOGITS,
    hardnet.Conv, hardnet_s.NarrowedConv, hardnet_s.Transition, hardnet_s.InvertedTransition, nn.Linear)
add(rivals.RESNET_DEPTHS, rivals.resnet_v15, IMAGENET, LOGITS, *RESNET)
add(("resnet50_v1", "resnet101_v1", "resnet152_v1"), rivals.resnet_v1, IMAGENET, LOGITS, *RESNET)
add(rivals.MOBILENET_WIDTHS, rivals.mobilenet_v2, IMAGENET, LOGITS,
    mobilenetv2.InvertedResidual, Conv2dNormActivation, nn.Linear)
add(rivals.DENSENET_DEPTHS, rivals.densenet_k32, IMAGENET, LOGITS,
    nn.MaxPool2d, densenet._DenseLayer, densenet._Transition, nn.Linear)
add(("vgg16",), lambda n: rivals.vgg16(), IMAGENET, LOGITS, nn.MaxPool2d)
add(("fchardnet70",), lambda n: segmentation.FCHarDNet(segmentation.FCHARDNET70), (1024, 2048), LOGITS, hardnet.Conv)
add(segmentation.FCHARDNETS, lambda n: segmentation.fchardnet_camvid(*segmentation.FCHARDNETS[n]), CAMVID, LOGITS,
    hardnet_s.NormConv, segmentation.TransitionUp)
add(segmentation.FCDENSENETS, lambda n: segmentation.fcdensenet(*segmentation.FCDENSENETS[n]), CAMVID, LOGITS,
    hardnet_s.NormConv, segmentation.TransitionUp)
add(detection.SSDS, lambda n: detection.SSDS[n](), (512, 512), ("loc", "conf"),
    hardnet.Conv, detection.L2Norm, nn.MaxPool2d)
add(("centernet_hardnet85",), lambda n: detection.CenterNet(), (512, 512), ("hm", "wh"), hardnet.Conv)
