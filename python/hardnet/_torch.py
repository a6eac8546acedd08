"""A PyTorch module to a net, in one call. PyTorch is imported when this is called, not before."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import Any, Dict

import numpy

from .errors import EnvironmentFailure, ResultNotAsAsked, UsageError
from .net import Net
from .program import Value, compile

MOST_ERROR = 1e-4  # relative RMS: plain float32 loses up to 4e-6 on the networks of docs/onnx.md


def from_torch(
    module: Any,
    example: Any,
    folder: str | os.PathLike | None = None,
    *,
    export: Dict[str, Any] | None = None,
    threads: int = 0,
    level: str | None = None,
    device: str | None = None,
    most_error: float = MOST_ERROR,
    **flags: Value,
) -> Net:
    """Exports a PyTorch module to ONNX, compiles that, compares the outputs for `example` with the module's, and returns the
    net, open. The module is in eval mode during this and afterwards as it was.

    example: the float32 input [N, planes, height, width], normalised, that the module is exported with.
    folder: the package's; None: a temporary one, which is removed with the net.
    export: further arguments of torch.onnx.export, such as {"dynamo": False}.
    threads, level, device: as of hardnet.load.
    most_error: the relative RMS error of an output above which hardnet.ResultNotAsAsked is raised.
    flags: those of `hardnet compile`, as hardnet.compile takes them: task="segment", name="net", target=...
    """
    try:
        import torch
    except ImportError as error:
        raise EnvironmentFailure(f"from_torch: expected PyTorch, found: {error}") from None
    if flags.get("mask"):
        raise UsageError("from_torch: mask: expected logits, which are compared with the module's, found True")
    kept = tempfile.TemporaryDirectory(prefix="hardnet_") if folder is None else None
    package = os.path.join(kept.name, "package") if kept else os.fspath(folder)
    flags.setdefault("name", "net")
    training = module.training
    module.eval()
    try:
        with tempfile.TemporaryDirectory(prefix="hardnet_") as exported, torch.no_grad():
            path = os.path.join(exported, "net.onnx")
            torch.onnx.export(module, (example,), path, **(export or {}))
            compile(path, package, **flags)
            expected = module(example)
    finally:
        module.train(training)
    net = Net(package, threads=threads, level=level, device=device)
    if kept:
        weakref.finalize(net, kept.cleanup)
    _compare(net, example, expected, most_error)
    return net


def _compare(net: Net, example: Any, expected: Any, most_error: float) -> None:
    found = net.run(example.detach())
    founds = found if isinstance(found, tuple) else (found,)
    expecteds = expected if isinstance(expected, (tuple, list)) else (expected,)
    if len(founds) != len(expecteds):
        raise ResultNotAsAsked(f"{net.name}: expected {len(expecteds)} outputs, found {len(founds)}")
    for name, one, of in zip(net.output_shapes, founds, expecteds):
        truth = of.detach().numpy().astype(numpy.float64).ravel()
        if one.size != truth.size:
            raise ResultNotAsAsked(f"{net.name}: {name}: expected {truth.size} elements, found {one.size}")
        scale = numpy.sqrt(numpy.mean(truth**2)) or 1.0
        error = numpy.sqrt(numpy.mean((one.ravel() - truth) ** 2)) / scale
        if not error <= most_error:
            raise ResultNotAsAsked(
                f"{net.name}: {name}: expected a relative RMS error of {most_error:g} at most beside the module, "
                f"found {error:.3g}"
            )
