"""SSD's boxes: priors, what is to be learnt of each, and from raw outputs back to boxes, independent of cli/."""
import math

import numpy as np
import torch

SOURCES = (16, 8)  # pixels a side of the maps that boxes are told on
FIRST_SIZE, LAST_SIZE = 0.15, 0.9  # of the priors, in shares of the image
CENTER_VARIANCE, SIZE_VARIANCE = 0.1, 0.2
MATCHING_OVERLAP = 0.5  # of a prior that has to find a box
SUPPRESSED_OVERLAP = 0.45
MOST_BOXES = 200


def priors():
    """Six a pixel, ordered by source, row, column and box: (x, y, width, height) in shares of the image."""
    sizes = np.linspace(FIRST_SIZE, LAST_SIZE, len(SOURCES) + 1)
    found = []
    for pixels, size, following in zip(SOURCES, sizes, sizes[1:]):
        shapes = [(size, size), (math.sqrt(size * following),) * 2]
        for ratio in (2, 3):
            longer, shorter = size * math.sqrt(ratio), size / math.sqrt(ratio)
            shapes += [(longer, shorter), (shorter, longer)]
        for y in range(pixels):
            for x in range(pixels):
                found += [((x + 0.5) / pixels, (y + 0.5) / pixels, min(w, 1), min(h, 1)) for w, h in shapes]
    return torch.tensor(found)


def corners(centred):
    return torch.cat([centred[..., :2] - centred[..., 2:] / 2, centred[..., :2] + centred[..., 2:] / 2], -1)


def overlaps(a, b):
    """Intersection over union of every box in `a` with every one in `b`; left, top, right, bottom."""
    low, high = torch.maximum(a[:, None, :2], b[:, :2]), torch.minimum(a[:, None, 2:], b[:, 2:])
    both = (high - low).clamp(min=0).prod(2)
    area = lambda boxes: (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return both / (area(a)[:, None] + area(b) - both)


def overlap(a, b):
    return float(overlaps(torch.tensor([a], dtype=torch.float64), torch.tensor([b], dtype=torch.float64)))


def targets(boxes, priors):
    """(class, left, top, right, bottom)s in shares of the image -> offsets [priors][4] and classes [priors], 0 where a
    prior is to find nothing. Every box has the prior that overlaps it most, and all that overlap it enough."""
    labels, boxes = torch.tensor([b[0] for b in boxes]), torch.tensor([b[1:] for b in boxes])
    shared = overlaps(boxes, corners(priors))
    most, of = shared.max(0)
    best = shared.argmax(1)
    of[best], most[best] = torch.arange(len(boxes)), 1.0
    classes = torch.where(most >= MATCHING_OVERLAP, labels[of], 0)
    low, high = boxes[of][:, :2], boxes[of][:, 2:]
    centres = ((low + high) / 2 - priors[:, :2]) / priors[:, 2:] / CENTER_VARIANCE
    extents = ((high - low) / priors[:, 2:]).log() / SIZE_VARIANCE
    return torch.cat([centres, extents], 1), classes


def decode(loc, conf, priors, threshold):
    """One picture's outputs -> (class, score, (left, top, right, bottom)) in shares of the image, cut at its edges, best first."""
    centres = priors[:, :2] + loc[:, :2] * CENTER_VARIANCE * priors[:, 2:]
    all_boxes = corners(torch.cat([centres, priors[:, 2:] * (loc[:, 2:] * SIZE_VARIANCE).exp()], 1))
    scores = conf.softmax(1)
    found = []
    for label in range(1, conf.shape[1]):
        order = scores[:, label].argsort(descending=True, stable=True)
        order = order[scores[order, label] >= threshold]
        boxes = all_boxes[order]
        shared = overlaps(boxes, boxes)
        kept, suppressed = [], torch.zeros(len(order), dtype=torch.bool)
        for i in range(len(order)):
            if not suppressed[i]:
                kept.append(i)
                suppressed |= shared[i] > SUPPRESSED_OVERLAP
        found += [(label, float(scores[order[i], label]), tuple(boxes[i].clamp(0, 1).tolist())) for i in kept]
    return sorted(found, key=lambda f: -f[1])[:MOST_BOXES]
