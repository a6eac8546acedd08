"""A package that is loaded and open: Net, and load, which makes one."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import weakref
from typing import Any, Dict, List, Sequence, Tuple

import numpy

from ._arrays import FLOAT32, address_of, as_array, check, check_writeable, tensors_of
from ._handle import Handle, close_if_idle
from ._library import Failure, Options, Reading, Size, library, path_of
from ._pictures import describe
from .errors import InvalidArgument, UsageError
from .results import Boxes, Labels, Masks, result_of


def load(
    package_folder: str | os.PathLike,
    *,
    threads: int = 0,
    level: str | None = None,
    device: str | None = None,
    weights: Any = None,
) -> "Net":
    """Opens a package for this machine. Its folder holds code that is run: packages are trusted.

    threads: 1 to 256; 0: as many as this process may use.
    level: a CPU level such as "avx2"; None: the best that this CPU runs.
    device: "cpu", None: the same; "cuda", "cuda:1", "opencl" or "opencl:1", which the package must have been compiled
        for; "auto": the best that works, with a line to the logger "hardnet" for what does not. A level is the CPU's.
    weights: a file's path, or its bytes (or another buffer, read while this opens), in place of the package's.
    """
    return Net(package_folder, threads=threads, level=level, device=device, weights=weights)


class Net:
    """An open network. It is used by one thread at a time: another one that calls it meanwhile gets
    hardnet.Busy. After a fork the child has a net of its own, which runs on one thread. As a context manager it
    closes itself."""

    name: str  #: the package's
    task: str  #: "classification", "segmentation", "detection" or "raw tensors"
    level: str  #: that it runs: a CPU's, "avx512", or "cuda", "opencl"
    device: str  #: where it runs: "cpu", "cuda:0", "opencl:0"
    threads: int
    batch: int  #: images per run
    input_shape: Tuple[int, ...]  #: (batch, planes, height, width)
    output_shapes: Dict[str, Tuple[int, ...]]  #: by name, the batch in front
    classes: int
    class_names: List[str]  #: empty: the package knows none

    def __init__(
        self,
        package_folder: str | os.PathLike,
        *,
        threads: int = 0,
        level: str | None = None,
        device: str | None = None,
        weights: Any = None,
    ):
        options = Options(threads, *(None if name is None else name.encode() for name in (level, device)))
        held = _put_weights(options, weights)
        self._library, self._failure = library(), Failure()
        pointer = self._library.hardnet_net_open(path_of(package_folder), options, self._failure)
        del held
        if not pointer:
            raise self._failure.error()
        about = json.loads(self._library.hardnet_net_description(pointer))
        self._handle = Handle(pointer, about["name"])
        self._finalizer = weakref.finalize(self, close_if_idle, self._handle)
        self._takes_threshold = about["takes_threshold"]
        for note in about["notes"]:
            logging.getLogger("hardnet").warning("%s: %s", about["name"], note)
        for key in ("name", "task", "level", "device", "threads", "classes", "class_names"):
            setattr(self, key, about[key])
        self.input_shape = tuple(about["input"])
        self.output_shapes = {output["name"]: tuple(output["shape"]) for output in about["outputs"]}
        self.batch = self.input_shape[0]
        self._shapes = [tuple(output["shape"]) for output in about["outputs"]]
        self._image_shape = self.input_shape[1:]
        self._output_names = [f"output {at}" for at in range(len(self._shapes))]  # as the runtime calls them
        self._input, self._outputs = tensors_of([self.input_shape])[0], tensors_of(self._shapes)
        self._output_tensors = list(self._outputs)
        self._library_run = self._library.hardnet_net_run
        self._arguments = [ctypes.byref(one) for one in (self._input, self._outputs[0], self._failure)]

    def run(self, x: Any, out: Any = None) -> Any:
        """The raw outputs of normalised images, which are neither copied nor kept.

        x: dense float32 [N, planes, height, width]: a numpy array, what gives DLPack on the CPU, or a buffer.
            N is usually `batch`; any other number runs in batches, the last of which is copied and filled up.
        out: where the output goes, dense float32 [N, ...] as `output_shapes` say; of several outputs a tuple.
        Returns out, else a new array, or a tuple of them in the order of `output_shapes`.
        """
        with self._handle as pointer:
            images = as_array(x, "input 0")
            count = images.shape[0] if images.ndim == 4 and images.shape[0] > 0 else self.batch
            check(images, self.input_shape if count == self.batch else (count,) + self._image_shape, "input 0")
            results = self._results(out, count)
            if count == self.batch:
                self._run(pointer, images, results)
            else:
                self._run_batches(pointer, images, results)
        if out is not None:
            return out
        return results[0] if len(results) == 1 else tuple(results)

    def __call__(
        self,
        picture: Any,
        *,
        top: int | None = None,
        threshold: float | None = None,
        ignore_orientation: bool = False,
    ) -> Any:
        """What `hardnet run --json` says of a picture: Labels, Masks or Boxes; of a list of pictures a list.

        picture: a path; a JPEG, PNG, WebP or BMP file's bytes; a PIL image; or uint8 [height, width, 3] in red,
            green, blue, or with alpha as a fourth, or [height, width] of grey. Of any size: it is resized and
            normalised as the package says.
        top: of classification, labels per picture; default: 5.
        threshold: 0 to 1. Of detection, boxes of this score or more, default 0.3; of segmentation of one class,
            pixels whose probability is above this, default 0.5.
        ignore_orientation: takes files and PIL images as they are stored, not upright as EXIF says.
        """
        how = self._reading(top, threshold)
        several = isinstance(picture, (list, tuple))
        pictures = list(picture) if several else [picture]
        results: List[Labels | Masks | Boxes] = []
        with self._handle as pointer:
            for first in range(0, len(pictures), self.batch):
                results += self._see(pointer, pictures[first : first + self.batch], how, ignore_orientation)
        return results if several else results[0]

    def close(self) -> None:
        """Frees its memory and ends its threads; a second time does nothing."""
        if self._handle.pointer is not None:
            with self._handle:
                self._handle.close()

    def __enter__(self) -> "Net":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<hardnet.Net {self.name}: {self.task}, {'x'.join(map(str, self.input_shape))}, {self.level}>"

    def _results(self, out: Any, count: int) -> List[numpy.ndarray]:
        """Where the outputs of so many images go."""
        shapes = self._shapes if count == self.batch else [(count,) + shape[1:] for shape in self._shapes]
        if out is None:
            return [numpy.empty(shape, FLOAT32) for shape in shapes]
        given = out if isinstance(out, (list, tuple)) else (out,)
        if len(given) != len(shapes):
            raise InvalidArgument(f"out: expected {len(shapes)} arrays, found {len(given)}")
        return [_result_in(one, shape, what) for one, shape, what in zip(given, shapes, self._output_names)]

    def _run(self, pointer: int, images: numpy.ndarray, results: Sequence[numpy.ndarray]) -> None:
        self._input.data = address_of(images)
        for tensor, result in zip(self._output_tensors, results):
            tensor.data = address_of(result)
        if not self._library_run(pointer, *self._arguments):
            raise self._failure.error()

    def _run_batches(self, pointer: int, images: numpy.ndarray, results: Sequence[numpy.ndarray]) -> None:
        for first in range(0, len(images), self.batch):
            part = images[first : first + self.batch]
            parts = [result[first : first + self.batch] for result in results]
            if len(part) == self.batch:
                self._run(pointer, part, parts)
                continue
            filled = numpy.zeros(self.input_shape, FLOAT32)
            filled[: len(part)] = part
            whole = [numpy.empty(shape, FLOAT32) for shape in self._shapes]
            self._run(pointer, filled, whole)
            for to, result in zip(parts, whole):
                ctypes.memmove(address_of(to), address_of(result), to.nbytes)  # also where DLPack is read-only

    def _reading(self, top: int | None, threshold: float | None) -> Reading:
        if top is not None and self.task != "classification":
            raise UsageError(f"top: expected a network for classification, found one for {self.task}")
        if top is not None and not 1 <= top <= 1 << 20:
            raise UsageError(f"top: expected an integer from 1 to {1 << 20}, found {top}")
        if threshold is not None and not self._takes_threshold:
            raise UsageError(
                "threshold: expected a network for detection or logits for segmentation of one class, "
                f"found one for {self.task}"
            )
        if threshold is not None and not 0 <= threshold <= 1:
            raise UsageError(f"threshold: expected a number from 0 to 1, found {threshold}")
        return Reading(top or 0, -1 if threshold is None else threshold)

    def _see(self, pointer: int, pictures: Sequence[Any], how: Reading, ignore_orientation: bool) -> List[Any]:
        """One batch."""
        sizes = []
        for slot, picture in enumerate(pictures):
            made, held = describe(picture, ignore_orientation)
            size = Size()
            if not self._library.hardnet_net_put(pointer, slot, made, size, self._failure):
                raise self._failure.error()
            del held  # kept until here: the library has read it
            sizes.append(size)
        if not self._library.hardnet_net_run(pointer, None, None, self._failure):
            raise self._failure.error()
        results = []
        for slot, size in enumerate(sizes):
            mask = numpy.empty((size.height, size.width) if self.task == "segmentation" else 0, numpy.uint16)
            text = self._library.hardnet_net_read(pointer, slot, how, mask.ctypes.data, self._failure)
            if text is None:
                raise self._failure.error()
            results.append(result_of(json.loads(text), mask))
        return results


def _result_in(given: Any, shape: Tuple[int, ...], what: str) -> numpy.ndarray:
    array = as_array(given, what)
    check(array, shape, what)
    if array is given or not hasattr(given, "__dlpack__"):  # numpy has DLPack of any origin as read-only
        check_writeable(array, what)
    return array


def _put_weights(options: Options, weights: Any) -> Any:
    """Returns what the options' memory belongs to."""
    if weights is None:
        return None
    if isinstance(weights, (str, os.PathLike)):
        options.weights_path = path_of(weights)
        return None
    try:
        held = numpy.frombuffer(weights, numpy.uint8)
    except (TypeError, BufferError, ValueError) as error:
        raise InvalidArgument(
            f"weights: expected a path or a file's bytes, found {type(weights).__name__}: {error}"
        ) from None
    options.weights_data, options.weights_size = held.ctypes.data, held.size
    return held
