#!/usr/bin/python3
"""Draws the held-out pictures of shapes with their masks and boxes, and writes how well PyTorch does on them with the
weights of the two networks, as far as they are trained: tests/data/shapes/ and tests/golden/shapes.json."""
import json

import numpy as np
from PIL import Image

import boxes
import learning
import shapes
import train_detector
import train_segmenter

SEED = 50  # not that of any picture that a network was trained or checked on
PICTURES = 16
OVERLAPS = ["0.5", "0.95"]  # of a box that counts as found: the usual, and one that small errors show at

FOLDER = learning.ROOT / "tests/data/shapes"
GOLDEN = learning.ROOT / "tests/golden/shapes.json"


def write_pictures(pictures):
    """pictures/NN.png, masks/NN.png with a class as each pixel's grey, and boxes.json."""
    lines = []
    for number, picture in enumerate(pictures):
        name = f"{number:02d}.png"
        for folder, pixels in (("pictures", picture.image), ("masks", picture.mask)):
            (FOLDER / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(FOLDER / folder / name, optimize=True)
        found = [{"class": label, "box": box} for label, *box in picture.boxes]
        lines.append(json.dumps({"file": name, "boxes": found}))
    (FOLDER / "boxes.json").write_text('{"pictures": [\n' + ",\n".join(lines) + "\n]}\n")


def main():
    learning.start(SEED)
    pictures = shapes.pictures(SEED, PICTURES)
    write_pictures(pictures)
    golden = {}
    record = learning.record("shapes_segmenter")
    if learning.weights_path(record).exists():
        iou = train_segmenter.ious(learning.trained(record), record, pictures)
        golden.update({"mean_iou": float(np.mean(iou)), "iou": iou})
    record = learning.record("shapes_detector")
    if learning.weights_path(record).exists():
        golden.update({"threshold": train_detector.THRESHOLD, "least_overlaps": OVERLAPS})
        for overlap in OVERLAPS:
            precision = train_detector.precisions(learning.trained(record), record, boxes.priors(), pictures, float(overlap))
            golden.update({f"mean_average_precision_{overlap}": float(np.mean(precision)),
                           f"average_precision_{overlap}": precision})
    GOLDEN.write_text(json.dumps(golden, indent=2) + "\n")
    print(GOLDEN.read_text())


if __name__ == "__main__":
    main()
