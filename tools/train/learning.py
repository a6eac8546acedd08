"""What the boxed networks share: the optimiser's course and the weights' file; and those for shapes their records, inputs
and batches."""
import json
import math
import pathlib
import sys

import numpy as np
import torch

import safetensors
import shapes

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/oracle"))
import detection  # noqa: E402  (found through the line above)
import hardnet  # noqa: E402
import segmentation  # noqa: E402

WEIGHT_DECAY = 1e-4


def start(seed):
    """The same numbers from run to run."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def record(name):
    record = json.loads((ROOT / f"models/{name}.json").read_text())
    assert record["class_names"] == shapes.CLASSES and record["input"] == [shapes.SIDE, shapes.SIDE]
    return record


def model(record):
    parsed = hardnet.record_from_json(json.dumps(record))
    if record["architecture"] == "fchardnet":
        return segmentation.FCHarDNet(parsed)
    return detection.ssd_hardnet(parsed, record["classes"], record["sources"])


def as_input(images, record):
    """8-bit pictures -> n x 3 x height x width, prepared as the program prepares them."""
    rgb = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(record["preprocessing"]["mean"])[:, None, None]
    deviation = torch.tensor(record["preprocessing"]["deviation"])[:, None, None]
    return (rgb - mean) / deviation


def optimise(model, count, epochs, batch, learning_rate, loss_of):
    """`loss_of(indices)`: the loss of a batch, of `count` inputs."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=WEIGHT_DECAY)
    steps = epochs * math.ceil(count / batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for indices in torch.randperm(count).split(batch):
            loss = loss_of(indices)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(indices)
        print(f"epoch {epoch + 1:2d}/{epochs}: loss {total / count:.4f}", flush=True)
    model.eval()


def train(model, inputs, epochs, batch, learning_rate, loss_of):
    """`loss_of(images, indices, mirrored)`: the loss of a batch of images, mirrored left to right where it says so."""
    def loss_of_batch(indices):
        mirrored = bool(torch.rand(()) < 0.5)
        images = inputs[indices].flip(3) if mirrored else inputs[indices]
        images = images[:, torch.randperm(3)]  # other colours, as likely as these
        return loss_of(images, indices, mirrored)

    optimise(model, len(inputs), epochs, batch, learning_rate, loss_of_batch)


def weights_path(record):
    return ROOT / f"tools/train/{record['name']}.safetensors"


def save(model, path, record, note):
    state = {k: v.numpy() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    safetensors.write(path, state, {
        "model": record["name"],
        "activation": record["activation"],
        "preprocessing": json.dumps(record["preprocessing"]),
        "class_names": json.dumps(record["class_names"]),
        "training": note,
    })


def trained(record):
    """With the weights that `save` wrote, in eval mode."""
    network = model(record)
    state = {k: torch.from_numpy(v) for k, v in safetensors.read(weights_path(record)).items()}
    missing, extra = network.load_state_dict(state, strict=False)
    assert not extra and all(k.endswith("num_batches_tracked") for k in missing), (missing, extra)
    return network.eval()
