#!/usr/bin/python3
"""Trains models/shapes_detector.json on pictures drawn from a seed with SSD's loss, and writes its weights."""
import sys

import numpy as np
import torch
from torch.nn import functional

import boxes
import learning
import scores
import shapes

SEED = 40
PICTURES, HELD_OUT = 2000, 200
EPOCHS = 10
BATCH = 16
LEARNING_RATE = 5e-3
NEGATIVES = 3  # priors that are to find nothing, for each that is to find a box: those that are most wrong
THRESHOLD = 0.02  # of the scores of the boxes that count: low, so that the curve reaches far
REQUIRED_PRECISION = 0.8


def shared(picture, mirrored=False):
    """Its boxes in shares of the image."""
    found = [(label, *(v / shapes.SIDE for v in box)) for label, *box in picture.boxes]
    return [(c, 1 - right, top, 1 - left, bottom) if mirrored else (c, left, top, right, bottom)
            for c, left, top, right, bottom in found]


def multibox_loss(loc, conf, offsets, classes):
    positive = classes > 0
    count = positive.sum()
    placing = functional.smooth_l1_loss(loc[positive], offsets[positive], reduction="sum")
    naming = functional.cross_entropy(conf.transpose(1, 2), classes, reduction="none")
    wrong = naming.detach().masked_fill(positive, -1)
    rank = wrong.argsort(1, descending=True).argsort(1)
    chosen = positive | (rank < NEGATIVES * positive.sum(1, keepdim=True))
    return (placing + naming[chosen].sum()) / count


def precisions(model, record, priors, pictures, least_overlap=0.5):
    found = []
    for picture in pictures:
        with torch.no_grad():
            loc, conf = model(learning.as_input([picture.image], record))
        found.append(boxes.decode(loc[0], conf[0], priors, THRESHOLD))
    return scores.class_precision(found, [shared(picture) for picture in pictures], least_overlap)


def main():
    learning.start(SEED)
    record = learning.record("shapes_detector")
    model = learning.model(record)
    priors = boxes.priors()
    pictures = shapes.pictures(SEED, PICTURES)
    inputs = learning.as_input([p.image for p in pictures], record)
    wanted = [[torch.stack(both) for both in zip(*(boxes.targets(shared(p, mirrored), priors) for p in pictures))]
              for mirrored in (False, True)]

    def loss_of(images, indices, mirrored):
        offsets, classes = wanted[mirrored]
        return multibox_loss(*model(images), offsets[indices], classes[indices])

    learning.train(model, inputs, EPOCHS, BATCH, LEARNING_RATE, loss_of)
    per_class = precisions(model, record, priors, shapes.pictures(SEED + 1, HELD_OUT))
    mean = float(np.mean(per_class))
    print(f"held out: mAP {mean:.4f} of", ", ".join(f"{n} {v:.4f}" for n, v in zip(shapes.CLASSES[1:], per_class)))
    if mean < REQUIRED_PRECISION:
        sys.exit(f"mean average precision: expected at least {REQUIRED_PRECISION}, found {mean:.4f}")
    learning.save(model, learning.weights_path(record), record,
                  f"pictures of shapes, seed {SEED}, mAP@0.5 {mean:.3f} on {HELD_OUT} held-out pictures")


if __name__ == "__main__":
    main()
