#!/usr/bin/python3
"""Trains models/shapes_segmenter.json on pictures drawn from a seed, and writes its weights."""
import sys

import numpy as np
import torch
from torch.nn import functional

import learning
import scores
import shapes

SEED = 30
PICTURES, HELD_OUT = 1600, 200
EPOCHS = 40
BATCH = 16
LEARNING_RATE = 1e-2
REQUIRED_IOU = 0.9


def masks_of(pictures):
    return torch.from_numpy(np.stack([picture.mask for picture in pictures])).long()


def ious(model, record, pictures):
    with torch.no_grad():
        found = [model(learning.as_input([p.image], record))[0].argmax(0).numpy() for p in pictures]
    return scores.class_iou(found, [p.mask for p in pictures])


def main():
    learning.start(SEED)
    record = learning.record("shapes_segmenter")
    model = learning.model(record)
    pictures = shapes.pictures(SEED, PICTURES)
    inputs, masks = learning.as_input([p.image for p in pictures], record), masks_of(pictures)

    def loss_of(images, indices, mirrored):
        expected = masks[indices].flip(2) if mirrored else masks[indices]
        return functional.cross_entropy(model(images), expected)

    learning.train(model, inputs, EPOCHS, BATCH, LEARNING_RATE, loss_of)
    per_class = ious(model, record, shapes.pictures(SEED + 1, HELD_OUT))
    mean = float(np.mean(per_class))
    print(f"held out: mean IoU {mean:.4f} of", ", ".join(f"{n} {v:.4f}" for n, v in zip(shapes.CLASSES, per_class)))
    if mean < REQUIRED_IOU:
        sys.exit(f"mean IoU: expected at least {REQUIRED_IOU}, found {mean:.4f}")
    learning.save(model, learning.weights_path(record), record,
                  f"pictures of shapes, seed {SEED}, mean IoU {mean:.3f} on {HELD_OUT} held-out pictures")


if __name__ == "__main__":
    main()
