"""Pictures of discs, squares, triangles and stars on textured grounds, drawn from a seed, with their masks and boxes."""
import dataclasses
import math

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ["background", "disc", "square", "triangle", "star"]
SIDE = 128
OVERSAMPLING = 4  # for smooth edges
LEAST_CONTRAST = 90  # between a shape's colour and its ground's colours, as a distance in RGB
MARGIN = 2  # pixels between two shapes' boxes


@dataclasses.dataclass
class Picture:
    image: np.ndarray  # [y][x][channel], 8 bits, red first
    mask: np.ndarray  # [y][x], a class
    boxes: list  # (class, left, top, right, bottom) in pixels, around the class's pixels; right and bottom lie outside


def outline(label, random):
    """The corners of a shape whose outermost ones lie on the unit circle, turned at random: n x 2."""
    name = CLASSES[label]
    corners = {"disc": 48, "square": 4, "triangle": 3, "star": 10}[name]
    radius = np.ones(corners)
    if name == "star":
        radius[1::2] = 0.42
    angle = random.uniform(0, 2 * math.pi) + np.arange(corners) * (2 * math.pi / corners)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def ground(random):
    """A texture as SIDE x SIDE x 3 floats, and the colours that it is made of."""
    first, second = random.uniform(20, 235, 3), random.uniform(20, 235, 3)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    kind = random.randint(4)
    if kind == 0:  # noise, in cells
        second = first + random.uniform(-45, 45, 3)
        cell = random.randint(2, 9)
        share = random.uniform(0, 1, (SIDE, SIDE))[y // cell, x // cell]
    elif kind == 1:  # stripes
        second = first + random.uniform(-90, 90, 3)
        angle, period = random.uniform(0, math.pi), random.uniform(6, 30)
        share = ((x * math.cos(angle) + y * math.sin(angle)) % period < period / 2).astype(float)
    elif kind == 2:  # checks
        second = first + random.uniform(-60, 60, 3)
        cell = random.randint(4, 17)
        share = ((x // cell + y // cell) % 2).astype(float)
    else:  # a gradient, in steps
        angle = random.uniform(0, 2 * math.pi)
        along = (x - SIDE / 2) * math.cos(angle) + (y - SIDE / 2) * math.sin(angle)
        share = np.floor((along / (SIDE * math.sqrt(2)) + 0.5) * 24) / 24
    texture = first + share[:, :, None] * (second - first)
    return texture, [first, second] + ([(first + second) / 2] if kind in (0, 3) else [])


def contrasting(colors, random):
    while True:
        color = random.uniform(0, 255, 3)
        if min(np.linalg.norm(color - other) for other in colors) >= LEAST_CONTRAST:
            return color


def coverage(corners, side):
    """The share of each of side x side pixels that lies inside, corners in pixels."""
    low = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, side)
    width, height = high - low
    fine = Image.new("L", (int(width) * OVERSAMPLING, int(height) * OVERSAMPLING))
    ImageDraw.Draw(fine).polygon([tuple(c) for c in (corners - low) * OVERSAMPLING], fill=255)
    whole = np.zeros((side, side))
    part = np.asarray(fine.resize((int(width), int(height)), Image.BOX), float)
    whole[low[1]:high[1], low[0]:high[0]] = part / 255
    return whole


def apart(box, others):
    return all(box[0] > o[2] + MARGIN or box[2] < o[0] - MARGIN or box[1] > o[3] + MARGIN or box[3] < o[1] - MARGIN
               for o in others)


def draw(random, scale=1):
    """Two to four shapes; `scale` draws the same picture larger. `random` is a numpy RandomState."""
    texture, colors = ground(random)
    side = SIDE * scale
    image = np.repeat(np.repeat(texture, scale, 0), scale, 1)
    mask, boxes, placed = np.zeros((side, side), np.uint8), [], []
    wanted = random.randint(2, 5)
    for _ in range(60):
        if len(placed) == wanted:
            break
        label, radius = random.randint(1, len(CLASSES)), random.uniform(14, 30)
        corners = random.uniform(0, SIDE, 2) + radius * outline(label, random)
        extent = (*corners.min(0), *corners.max(0))
        if min(extent) < 1 or max(extent) > SIDE - 1 or not apart(extent, placed):
            continue
        placed.append(extent)
        inside = coverage(corners * scale, side)
        image += inside[:, :, None] * (contrasting(colors, random) - image)
        seen = inside >= 0.5
        mask[seen] = label
        rows, columns = np.nonzero(seen.any(1))[0], np.nonzero(seen.any(0))[0]
        boxes.append((label, int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))
    return Picture(np.clip(np.round(image), 0, 255).astype(np.uint8), mask, boxes)


def pictures(seed, count):
    random = np.random.RandomState(seed)
    return [draw(random) for _ in range(count)]
