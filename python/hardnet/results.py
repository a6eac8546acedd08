"""What a network sees in a picture: the members of `hardnet run --json`, as dataclasses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, List, Tuple

import numpy


@dataclass(frozen=True)
class Label:
    name: str  # "class 7" where the package knows none
    probability: float  # 0 to 1
    index: int  # of the class
    logit: float


@dataclass(frozen=True)
class Labels:
    """Of a classifier: the most probable classes, best first."""

    top: List[Label]


@dataclass(frozen=True)
class Share:
    name: str
    index: int  # of the class
    pixels: int  # of the picture
    share: float  # of the pixels that the network saw, 0 to 1


@dataclass(frozen=True, eq=False)
class Masks:
    """Of a segmentation: `mask` is uint16 [height, width] of the picture, the class of each pixel; UNSEEN where
    the network did not see it. `classes` are those that occur, the largest first."""

    mask: numpy.ndarray
    classes: List[Share]

    UNSEEN = 0xFFFF


@dataclass(frozen=True)
class Box:
    name: str
    score: float  # 0 to 1
    box: Tuple[float, float, float, float]  # left, top, right, bottom in the picture's pixels
    index: int  # of the class


@dataclass(frozen=True)
class Boxes:
    """Of a detection: the boxes found, best first."""

    boxes: List[Box]


def result_of(reading: Any, mask: numpy.ndarray) -> Labels | Masks | Boxes:
    """A picture's member of `hardnet run --json`, and the mask that is not in it."""
    if "top" in reading:
        return Labels(
            [
                Label(one["name"], _number(one["probability"]), one["class"], _number(one["logit"]))
                for one in reading["top"]
            ]
        )
    if "classes" in reading:
        return Masks(
            mask, [Share(one["name"], one["class"], one["pixels"], one["share"]) for one in reading["classes"]]
        )
    return Boxes([Box(one["name"], one["score"], tuple(one["box"]), one["class"]) for one in reading["boxes"]])


def _number(value: float | None) -> float:
    """JSON has no NaN; what was one is null there."""
    return math.nan if value is None else value
