"""Arrays of others as numpy's, without a copy, and as tensors of the runtime."""

from __future__ import annotations

from ctypes import addressof, c_char
from typing import Any, Sequence, Tuple

import numpy

from ._library import Tensor
from .errors import InvalidArgument

FLOAT32 = numpy.dtype(numpy.float32)
CPU = 1  # of DLPack's devices


def as_array(given: Any, what: str) -> numpy.ndarray:
    """`given` in place: numpy's array, one that gives DLPack on the CPU (PyTorch, JAX...), or a buffer."""
    if isinstance(given, numpy.ndarray):
        return given
    device = CPU
    try:
        if not hasattr(given, "__dlpack__"):
            return numpy.asarray(memoryview(given))
        device = int(given.__dlpack_device__()[0])
        if device == CPU:
            return numpy.from_dlpack(given)
    except (TypeError, ValueError, BufferError, RuntimeError) as error:
        raise InvalidArgument(
            f"{what}: expected an array, DLPack or a buffer, found {type(given).__name__}: {error}"
        ) from None
    raise InvalidArgument(f"{what}: expected memory of the CPU, found DLPack's device {device}")


def check(array: numpy.ndarray, shape: Tuple[int, ...], what: str) -> None:
    """What a run takes in place; the lines are the runtime's."""
    if array.dtype == FLOAT32 and array.shape == shape and array.flags.c_contiguous:
        return
    if array.dtype != FLOAT32:
        raise InvalidArgument(f"{what}: expected float32, found {array.dtype}")
    if array.ndim != len(shape):
        raise InvalidArgument(f"{what}: expected rank {len(shape)}, found {array.ndim}")
    if array.shape != shape:
        raise InvalidArgument(f"{what}: expected shape {_text(shape)}, found {_text(array.shape)}")
    raise InvalidArgument(f"{what}: expected dense strides, found others")


def check_writeable(array: numpy.ndarray, what: str) -> None:
    if not array.flags.writeable:
        raise InvalidArgument(f"{what}: expected memory that can be written, found a read-only array")


def address_of(array: numpy.ndarray) -> int:
    """Of a dense array."""
    try:
        return addressof(c_char.from_buffer(array))  # a third of the time, which counts beside runs of 70 us
    except TypeError:  # read-only
        return array.ctypes.data


def tensors_of(shapes: Sequence[Tuple[int, ...]]) -> Any:
    """Dense float32 tensors of these shapes, whose data is not set."""
    tensors = (Tensor * len(shapes))()
    for tensor, shape in zip(tensors, shapes):
        tensor.rank = len(shape)
        stride = 1
        for at in reversed(range(len(shape))):
            tensor.shape[at], tensor.strides[at] = shape[at], stride
            stride *= shape[at]
    return tensors


def _text(shape: Tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"
