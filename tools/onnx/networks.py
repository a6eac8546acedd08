"""The networks that users export, by name: how to make one, and the size at which it is compared, as small as it goes."""
import dataclasses
import functools
import pathlib
import sys
from collections.abc import Callable

import torch
import torchvision
from pytorchcv import model_provider

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracle"))
import registry  # noqa: E402
import kingnet  # noqa: E402
import mseg  # noqa: E402


@dataclasses.dataclass
class Network:
    make: Callable
    size: tuple  # height, width
    settled: bool = False  # norms have an image's statistics, as training leaves them, in place of seeded ones

    def seeded(self):
        """In double and eval mode, with the same weights whenever it is asked for."""
        model = registry.Network(self.make, self.size, (), ()).seeded(1)
        return settled(model, registry.image_of(*self.size, 3)) if self.settled else model


def settled(model, image):
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.train()
        norm.momentum = 1
    registry.outputs_of(model, image)
    return model.eval()


SMALL, MEDIUM, FULL = (64, 64), (128, 128), (224, 224)
NETWORKS = {}
for name in ("hardnet39ds", "hardnet68ds", "hardnet68", "hardnet85"):
    NETWORKS[name] = Network(registry.NETWORKS[name].make, SMALL)
NETWORKS["fchardnet70"] = Network(registry.NETWORKS["fchardnet70"].make, MEDIUM)
NETWORKS["centernet_hardnet85"] = Network(registry.NETWORKS["centernet_hardnet85"].make, MEDIUM)
NETWORKS["hardnet_mseg"] = Network(mseg.HarDNetMSEG, MEDIUM)
NETWORKS["kingnet53"] = Network(kingnet.KingNet53, SMALL)
# pytorchcv's end in a pool of 7x7
for name in ("hardnet39ds", "hardnet68ds", "hardnet68", "hardnet85", "seresnet50"):
    # With seeded norms what enters the sigmoids of squeeze-and-excitation grows to 1000, so that they switch: PyTorch's own
    # float32 is 5e-4 off.
    NETWORKS["pytorchcv_" + name] = Network(functools.partial(model_provider.get_model, name), FULL, name == "seresnet50")
for name, size in (("resnet18", SMALL), ("resnet50", SMALL), ("densenet121", SMALL), ("mobilenet_v2", SMALL),
                   ("mobilenet_v3_small", SMALL), ("mobilenet_v3_large", SMALL), ("vgg16", FULL)):
    make = functools.partial(getattr(torchvision.models, name), weights=None)
    NETWORKS["torchvision_" + name] = Network(make, size)
