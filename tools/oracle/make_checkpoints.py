"""Writes tests/import/checkpoints: small checkpoints as different people's scripts save them, some that must be refused,
and what PyTorch computes from the good ones in double.

    /usr/bin/python3 tools/oracle/make_checkpoints.py                        all of them, some seconds
    /usr/bin/python3 tools/oracle/make_checkpoints.py NAME HEIGHTxWIDTH OUT  a whole network under pytorchcv's names, and
                                                                             its logits as JSON on stdout

Parameters and inputs are those of seed 1. The payload of the files that must be refused creates a file named `executed`
where it runs.
"""
import collections
import io
import json
import os
import pathlib
import sys
import tarfile

import numpy
import torch

import hardnet
import pytorchcv
import seeded

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "import" / "checkpoints"
SEED = 1
SMALL = {"small": False, "small_ds": True}
LEGACY = {"_use_new_zipfile_serialization": False}


def record_json(name, depthwise):
    """Without an activation: the checkpoint says it."""
    return {"name": name, "stem": [4, 6], "stem_kernel": 1 if depthwise else 3, "depthwise": depthwise,
            "blocks": [{"growth_rate": 4, "layers": 4, "transition": 8, "downsample": True},
                       {"growth_rate": 4, "layers": 4, "transition": 12, "downsample": False}],
            "classes": 5, "input": [32, 32]}


def small_record(depthwise):
    return hardnet.Record((4, 6), 1.7, [(4, 4, 8, 1), (4, 4, 12, 0)], depthwise, classes=5,
                          stem_kernel=1 if depthwise else 3)


def models_of(record):
    """The authors' arrangement and pytorchcv's, in double, with the same parameters."""
    authors, zoo = hardnet.HarDNet(record), pytorchcv.HarDNet(record)
    state = seeded.state(authors, SEED)
    return (hardnet.with_parameters(authors, state),
            hardnet.with_parameters(zoo, pytorchcv.theirs(state, record)))


def logits(model, height, width):
    image = torch.from_numpy(seeded.seeded_input((1, 3, height, width), SEED)).double()
    with torch.no_grad():
        return model(image)[0].tolist()


def save(name, value, **how):
    torch.save(value, FOLDER / name, **how)


def parallel(state):
    """As nn.DataParallel names them."""
    return collections.OrderedDict(("module." + k, v) for k, v in state.items())


def save_authors(model):
    state = model.float().state_dict()
    bare = collections.OrderedDict((k, v) for k, v in state.items() if not k.endswith("num_batches_tracked"))
    resume = {"epoch": 90, "arch": "hardnet68", "state_dict": parallel(state), "best_acc1": torch.tensor(76.5),
              "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}},
                            "param_groups": [{"lr": 0.05, "nesterov": True, "betas": (0.9, 0.999), "params": [0]}]}}
    save("authors_zip.pth", state)
    save("authors_legacy.pth", bare, **LEGACY)
    save("resume_zip.pth", resume)
    save("resume_legacy.pth", resume, **LEGACY)
    save("model_state.pkl", {"epoch": 3, "model_state": parallel(bare), "best_iou": 0.777}, **LEGACY)


def save_training(record):
    """As training leaves them: other types of floats, an average beside the weights, wrappers, numbers of numpy. Returns
    PyTorch's logits of the narrow ones."""
    def with_seed(seed):
        return hardnet.HarDNet(record), seeded.state(hardnet.HarDNet(record), seed)
    model = hardnet.with_parameters(*with_seed(SEED)).float()
    other = hardnet.with_parameters(*with_seed(SEED + 1)).float()
    state = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    save("numpy_legacy.pkl", {"epoch": 3, "model_state": parallel(state), "best_iou": numpy.float64(0.777)}, **LEGACY)
    save("numpy_zip.pth", {"model": state, "best": [numpy.float64(0.5)] * 2, "confusion": numpy.ones((3, 3))})
    save("numpy_class.pth", {"model": state, "kind": numpy.ndarray})
    save("wrapped.pth", {"net": {"module._orig_mod.model." + k: v for k, v in state.items()}})
    save("average.pth", {"state_dict": other.state_dict(), "state_dict_ema": {"module": state}})
    save("average_alone.pth", {"model_ema": state})
    save("average_flat.pth", {"state_dict": {**{"model." + k: v for k, v in other.state_dict().items()},
                                             **{"ema.module." + k: v for k, v in state.items()}}})
    save("two.pth", {"model": other.state_dict(), "net": state})
    save("unusual.pth", {"generator": {"weights": state}})
    save("double.pth", {k: v.double() for k, v in state.items()})
    narrow = {}
    for name, dtype in (("half", torch.float16), ("bfloat16", torch.bfloat16)):
        stored = {k: v.to(dtype) for k, v in state.items()}
        save(name + ".pth", stored)
        narrow[name] = logits(hardnet.with_parameters(hardnet.HarDNet(record),
                                                      {k: v.float().numpy() for k, v in stored.items()}), 32, 32)
    return narrow


class Payload:
    def __reduce__(self):
        return os.system, ("touch executed",)


class Net(torch.nn.Module):
    def forward(self, x):
        return x


def save_refused():
    good = {"base.0.conv.weight": torch.ones(4, 3, 3, 3)}
    for how, name in (({}, "zip"), (LEGACY, "legacy")):
        save(f"payload_{name}.pth", {"state_dict": good, "best_acc1": Payload()}, **how)
        save(f"module_{name}.pth", Net(), **how)
    save("integers.pth", {k: v.int() for k, v in good.items()})
    torch.jit.save(torch.jit.script(Net()), FOLDER / "torchscript.pth")
    with tarfile.open(FOLDER / "tar.pth", "w") as tar:  # the format of PyTorch 0.1
        for name in ("storages", "tensors", "pickle"):
            content = b"cposix\nsystem\n(S'touch executed'\ntR."
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def write_all():
    forget_where_this_lies()
    FOLDER.mkdir(parents=True, exist_ok=True)
    golden = {}
    for name, depthwise in SMALL.items():
        text = json.dumps(record_json(name, depthwise), indent=2)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="ascii")
        authors, zoo = models_of(small_record(depthwise))
        golden[name] = {"authors": logits(authors, 32, 32), "pytorchcv": logits(zoo, 32, 32)}
        save(f"{name}_pytorchcv_zip.pth", zoo.float().state_dict())
        save(f"{name}_pytorchcv_legacy.pth", {"state_dict": parallel(zoo.state_dict())}, **LEGACY)
        if not depthwise:
            save_authors(authors)
            golden[name].update(save_training(small_record(depthwise)))
    (FOLDER / "logits.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="ascii")
    save_refused()


def write_network(name, size, out):
    height, width = map(int, size.split("x"))
    zoo = models_of(hardnet.RECORDS[name])[1]
    print(json.dumps(logits(zoo, height, width)))
    torch.save(zoo.float().state_dict(), out)


def forget_where_this_lies():
    """The legacy format keeps a module's source with the path of its file, which would be this machine's."""
    folder, name = os.path.split(os.path.abspath(__file__))
    os.chdir(folder)
    sys.modules["__main__"].__file__ = name


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_network(*sys.argv[1:]) if len(sys.argv) == 4 else write_all()
