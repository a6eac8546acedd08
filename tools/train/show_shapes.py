#!/usr/bin/python3
"""The README's two pictures: held-out pictures of shapes, drawn larger, as `hardnet run` leaves them, side by side.

    tools/train/show_shapes.py build/hardnet build/packages/shapes_segmenter build/packages/shapes_detector"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

import learning
import make_shapes_golden
import shapes

SHOWN = (0, 1, 2, 3)  # of the held-out pictures
SCALE = 3  # as large as the README shows them
GAP = 6
PAPER = (24, 26, 31)  # of the legend
IMAGES = learning.ROOT / "docs/images"


def beside(files):
    """Equally wide pictures of perhaps different heights."""
    images = [Image.open(file).convert("RGB") for file in files]
    whole = Image.new("RGB", (sum(i.width + GAP for i in images) - GAP, max(i.height for i in images)), PAPER)
    left = 0
    for image in images:
        whole.paste(image, (left, 0))
        left += image.width + GAP
    return whole


def main():
    program, *packages = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        random = np.random.RandomState(make_shapes_golden.SEED)
        files = []
        for number in range(make_shapes_golden.PICTURES):
            picture = shapes.draw(random, SCALE)
            if number in SHOWN:
                files.append(folder / f"{number:02d}.png")
                Image.fromarray(picture.image).save(files[-1])
        for package, kind, name in zip(packages, ("overlay", "boxes"), ("shapes_masks", "shapes_boxes")):
            subprocess.run([program, "run", package, *files, "-o", folder / "out"], check=True)
            shown = beside([folder / f"out/{file.stem}_{kind}.png" for file in files])
            shown.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
