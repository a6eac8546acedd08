#!/usr/bin/python3
"""Resizes and crops the sample pictures with torchvision; vision/src/resize.c is tested against the result.

Needs Debian's python3-torchvision and python3-pil. Writes 8-bit PNGs, rounded to the nearest, named
<picture>_<height>x<width>_short<resize_short>.png, to tests/golden/preprocess/.
"""

import pathlib

import numpy
import PIL.Image
import torch
from torchvision.transforms import functional

ROOT = pathlib.Path(__file__).resolve().parents[2]

# (picture, crop before everything else as left, top, right, bottom; record's input side, resize_short, height, width)
CASES = [
    ("china", None, 224, 256, 224, 224),
    ("flower", None, 224, 256, 224, 224),
    ("flower", None, 224, 256, 96, 64),  # not square, strongly reduced
    ("china", (300, 100, 340, 160), 224, 256, 224, 224),  # enlarged
]


def target_size(height, width, own, resize_short, input_height, input_width):
    """The picture's size after resizing; for a square input torchvision's own rule is left to torchvision."""
    if input_height == input_width == own:
        return [resize_short]
    ratio = resize_short / own
    cover_height, cover_width = round(ratio * input_height), round(ratio * input_width)
    scale = max(cover_height / height, cover_width / width)
    return [max(cover_height, int(scale * height)), max(cover_width, int(scale * width))]


def main():
    torch.set_num_threads(1)
    folder = ROOT / "tests/golden/preprocess"
    for name, box, own, resize_short, height, width in CASES:
        picture = PIL.Image.open(ROOT / f"tests/data/{name}.jpg").convert("RGB")
        if box:
            picture = picture.crop(box)
        tensor = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1).float()
        size = target_size(picture.height, picture.width, own, resize_short, height, width)
        resized = functional.resize(tensor, size, functional.InterpolationMode.BILINEAR, antialias=True)
        cropped = functional.center_crop(resized, [height, width])
        pixels = cropped.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
        kind = "_enlarged" if box else ""
        path = folder / f"{name}{kind}_{height}x{width}_short{resize_short}.png"
        PIL.Image.fromarray(pixels).save(path, optimize=True)
        print(path.name, tuple(resized.shape), path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
