#!/usr/bin/python3
"""Trains models/digits.json on scikit-learn's digits and writes weights, held-out images and PyTorch's answers."""

import json
import math
import sys

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch.nn import functional

import learning
from learning import hardnet

SEED = 20
HELD_OUT = 360  # a fifth of 1,797
EPOCHS = 60
BATCH = 64
LEARNING_RATE = 4e-3
REQUIRED_ACCURACY = 0.985

IMAGES = learning.ROOT / "tools/train/digits"
WEIGHTS = learning.ROOT / "tools/train/digits.safetensors"
ANSWERS = learning.ROOT / "tests/golden/digits_logits.json"


def enlarged(digit, size):
    """An 8x8 digit with values 0..16 as a size x size greyscale image."""
    grey = Image.fromarray(np.round(digit * (255 / 16)).astype(np.uint8), "L")
    return grey.resize((size, size), Image.BILINEAR)


def as_input(images, record):
    """Greyscale images -> n x 3 x height x width, prepared as the program prepares an 8-bit RGB image."""
    grey = torch.from_numpy(np.stack([np.asarray(image, np.float32) for image in images])) / 255
    rgb = grey[:, None].expand(-1, 3, -1, -1)
    mean = torch.tensor(record["preprocessing"]["mean"])[:, None, None]
    deviation = torch.tensor(record["preprocessing"]["deviation"])[:, None, None]
    return (rgb - mean) / deviation


def distorted(batch, black):
    """Turns (10 degrees), scales (8 %) and shifts (2.5 pixels of 32) each image at random; `black` fills the corners."""
    count = len(batch)
    uniform = lambda limit: (torch.rand(count) * 2 - 1) * limit
    angle, scale = uniform(math.radians(10)), 1 + uniform(0.08)
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift = 2 * 2.5 / 32
    rows = [torch.stack([cosine, -sine, uniform(shift)], 1), torch.stack([sine, cosine, uniform(shift)], 1)]
    grid = functional.affine_grid(torch.stack(rows, 1), batch.shape, align_corners=False)
    return functional.grid_sample(batch - black, grid, align_corners=False) + black


def train(model, inputs, labels, black):
    def loss_of(indices):
        logits = model(distorted(inputs[indices], black))
        return functional.cross_entropy(logits, labels[indices], label_smoothing=0.05)

    learning.optimise(model, len(inputs), EPOCHS, BATCH, LEARNING_RATE, loss_of)


def write_answers(names, labels, logits):
    lines = [
        json.dumps({"file": name, "label": int(label), "predicted": int(row.argmax()),
                    "logits": [float(f"{value:.9g}") for value in row]})
        for name, label, row in zip(names, labels, logits.numpy())
    ]
    ANSWERS.parent.mkdir(parents=True, exist_ok=True)
    ANSWERS.write_text('{"images": [\n' + ",\n".join(lines) + "\n]}\n")


def main():
    learning.start(SEED)
    record_text = (learning.ROOT / "models/digits.json").read_text()
    record = json.loads(record_text)
    height, width = record["input"]
    assert height == width

    digits = load_digits()
    order = np.random.RandomState(SEED).permutation(len(digits.images))
    held_out, trained = np.sort(order[:HELD_OUT]), order[HELD_OUT:]
    images = [enlarged(digit, height) for digit in digits.images]
    inputs, labels = as_input(images, record), torch.from_numpy(digits.target)
    black = as_input([Image.new("L", (width, height))], record)

    model = hardnet.HarDNet(hardnet.record_from_json(record_text))
    train(model, inputs[trained], labels[trained], black)

    with torch.no_grad():
        logits = model(inputs[held_out])
    right = int((logits.argmax(1) == labels[held_out]).sum())
    best = logits.topk(2).values
    print(f"held out: {right} of {HELD_OUT} right ({100 * right / HELD_OUT:.2f} %), "
          f"smallest lead of a first place {float((best[:, 0] - best[:, 1]).min()):.3f}")
    if right < REQUIRED_ACCURACY * HELD_OUT:
        sys.exit(f"accuracy: expected at least {100 * REQUIRED_ACCURACY} %, found {100 * right / HELD_OUT:.2f} %")

    names = [f"{digits.target[i]}_{i:04d}.png" for i in held_out]
    IMAGES.mkdir(exist_ok=True)
    for stale in IMAGES.glob("*.png"):
        stale.unlink()
    for name, i in zip(names, held_out):
        images[i].save(IMAGES / name, optimize=True)
    learning.save(model, WEIGHTS, record,
                  f"scikit-learn digits, seed {SEED}, {right} of {HELD_OUT} held-out images right")
    write_answers(names, digits.target[held_out], logits)


if __name__ == "__main__":
    main()
