"""What a net takes as a picture, as the library takes it: a path, a file's bytes, samples."""

from __future__ import annotations

import os
import sys
from typing import Any, Tuple

import numpy

from ._library import Picture, path_of
from .errors import InvalidArgument

CHANNELS = (1, 3, 4)
MODES = "1 L LA La P PA RGB RGBA RGBa RGBX CMYK YCbCr LAB HSV".split()  # of 8 bits


def describe(picture: Any, ignore_orientation: bool) -> Tuple[Picture, Any]:
    """The library's picture, and what its memory belongs to."""
    made = Picture(as_stored=int(ignore_orientation))
    if isinstance(picture, (str, os.PathLike)):
        made.path = path_of(picture)
        return made, None
    if isinstance(picture, (bytes, bytearray, memoryview)):
        file = numpy.frombuffer(picture, numpy.uint8)
        made.file, made.file_size = file.ctypes.data, file.size
        return made, file
    samples = numpy.ascontiguousarray(_samples(picture, ignore_orientation))
    made.size.height, made.size.width = samples.shape[:2]
    made.channels = samples.shape[2]
    made.samples = samples.ctypes.data
    return made, samples


def _samples(picture: Any, ignore_orientation: bool) -> numpy.ndarray:
    """uint8 [height, width, channels]."""
    pil = sys.modules.get("PIL.Image")  # who has no PIL loaded has no image of it
    if pil is not None and isinstance(picture, pil.Image):
        picture = _array_of(picture, ignore_orientation)
    if not isinstance(picture, numpy.ndarray):
        raise InvalidArgument(
            "picture: expected a path, bytes, a PIL image or an array of uint8 [height, width, 3], "
            f"found {type(picture).__name__}"
        )
    if picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.dtype != numpy.uint8:
        raise InvalidArgument(f"picture: expected uint8, found {picture.dtype}")
    if picture.ndim != 3 or picture.shape[2] not in CHANNELS or picture.size == 0:
        raise InvalidArgument(
            "picture: expected shape [height, width] or [height, width, 1, 3 or 4], found "
            f"{list(picture.shape)}"
        )
    return picture


def _array_of(image: Any, ignore_orientation: bool) -> numpy.ndarray:
    from PIL import ImageOps

    if image.mode not in MODES:
        raise InvalidArgument(f"picture: expected a PIL image of 8 bits, found mode {image.mode}")
    if not ignore_orientation:
        image = ImageOps.exif_transpose(image)
    see_through = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    return numpy.asarray(image.convert("RGBA" if see_through else "RGB"))
