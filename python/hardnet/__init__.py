"""Compiled HarDNet networks in Python: pictures to labels, masks and boxes, arrays to arrays.

    import hardnet

    net = hardnet.load("package")               # a folder that hardnet.compile or `hardnet compile` wrote
    print(net("photo.jpg").top[0].name)         # of a classifier; masks have .mask, boxes have .boxes
    y = net.run(x)                              # float32 [N, C, H, W], normalised, to the raw output

The network runs in the C runtime, pictures are read and results decoded by the code of `hardnet run`: the
same bits. A net is used by one thread at a time; a second one gets hardnet.Busy. Nets run side by side, and the
interpreter's lock is released while one opens or runs.
"""

from ._torch import from_torch
from .errors import (
    BadInput,
    BadWeights,
    Busy,
    DeviceLost,
    DeviceOutOfMemory,
    EnvironmentFailure,
    Error,
    Internal,
    InvalidArgument,
    Io,
    NoDevice,
    OutOfMemory,
    PartialBatch,
    ResultNotAsAsked,
    UnsupportedCpu,
    UsageError,
    VersionMismatch,
)
from .net import Net, load
from .program import compile, inspect, list
from .results import Box, Boxes, Label, Labels, Masks, Share

__all__ = [
    "load",
    "Net",
    "Label",
    "Labels",
    "Masks",
    "Share",
    "Box",
    "Boxes",
    "compile",
    "inspect",
    "list",
    "from_torch",
    "Error",
    "InvalidArgument",
    "OutOfMemory",
    "BadWeights",
    "VersionMismatch",
    "UnsupportedCpu",
    "NoDevice",
    "DeviceOutOfMemory",
    "DeviceLost",
    "Busy",
    "Io",
    "Internal",
    "ResultNotAsAsked",
    "UsageError",
    "BadInput",
    "PartialBatch",
    "EnvironmentFailure",
]
