"""How good masks and boxes are: intersection over union per class, and average precision."""
import numpy as np

import boxes
import shapes


def class_iou(found, expected):
    """Per class, over the pixels of all pictures together."""
    found, expected = np.stack(found), np.stack(expected)
    return [float(((found == c) & (expected == c)).sum() / ((found == c) | (expected == c)).sum())
            for c in range(len(shapes.CLASSES))]


def average_precision(found, expected, least_overlap):
    """The area under the curve of precision over recall, made to fall from left to right.

    found: (picture, score, box) of one class; expected: (picture, box). A box that is expected is found once, by the
    best that overlaps it most."""
    taken = [False] * len(expected)
    hits = []
    for picture, _, box in sorted(found, key=lambda f: -f[1]):
        overlaps = [boxes.overlap(box, other) if picture == of else 0 for of, other in expected]
        best = int(np.argmax(overlaps))
        hits.append(overlaps[best] >= least_overlap and not taken[best])
        taken[best] |= hits[-1]
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(precision[hits].sum() / len(expected)) if hits else 0.0


def class_precision(found, expected, least_overlap):
    """Per class but the background. found: per picture (class, score, box)s; expected: per picture (class, *box)s."""
    return [average_precision([(i, s, b) for i, one in enumerate(found) for label, s, b in one if label == c],
                              [(i, b) for i, one in enumerate(expected) for label, *b in one if label == c],
                              least_overlap)
            for c in range(1, len(shapes.CLASSES))]
