"""The shared library beside this file, declared as python/net.h has it. ctypes releases the interpreter's lock
in calls."""

from __future__ import annotations

import ctypes
import functools
import os
from ctypes import POINTER, c_char, c_char_p, c_float, c_int32, c_int64, c_size_t, c_void_p

from .errors import EnvironmentFailure, Error, InvalidArgument, error_of

MOST_RANK = 4


class Failure(ctypes.Structure):
    _fields_ = [("status", c_int32), ("code", c_int32), ("text", c_char * 4096)]

    def error(self) -> Error:
        return error_of(self.text.decode("utf-8", "replace"), self.status, self.code)


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", c_void_p),
        ("type", c_int32),
        ("rank", c_int32),
        ("shape", c_int64 * MOST_RANK),
        ("strides", c_int64 * MOST_RANK),
    ]


class Size(ctypes.Structure):
    _fields_ = [("width", c_int32), ("height", c_int32)]


class Options(ctypes.Structure):
    _fields_ = [
        ("threads", c_int32),
        ("level", c_char_p),
        ("device", c_char_p),
        ("weights_path", c_char_p),
        ("weights_data", c_void_p),
        ("weights_size", c_size_t),
    ]


class Picture(ctypes.Structure):
    _fields_ = [
        ("path", c_char_p),
        ("file", c_void_p),
        ("file_size", c_size_t),
        ("samples", c_void_p),
        ("size", Size),
        ("channels", c_int32),
        ("as_stored", c_int32),
    ]


class Reading(ctypes.Structure):
    _fields_ = [("top", c_int32), ("threshold", c_float)]


def path_of(path: str | os.PathLike) -> bytes:
    found = os.fsencode(path)
    if b"\0" in found:
        raise InvalidArgument(f"path: expected one without a NUL, found {path!r}")
    return found


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_libhardnet.so")
    try:
        loaded = ctypes.CDLL(path)
    except OSError as error:
        raise EnvironmentFailure(f"{path}: expected the module's library, found: {error}") from None
    net, failure = c_void_p, POINTER(Failure)
    declared = {
        "open": (net, [c_char_p, POINTER(Options), failure]),
        "close": (None, [net]),
        "description": (c_char_p, [net]),
        "run": (c_int32, [net, POINTER(Tensor), POINTER(Tensor), failure]),
        "put": (c_int32, [net, c_int32, POINTER(Picture), POINTER(Size), failure]),
        "read": (c_char_p, [net, c_int32, POINTER(Reading), c_void_p, failure]),
    }
    for name, (result, arguments) in declared.items():
        function = getattr(loaded, "hardnet_net_" + name)
        function.restype, function.argtypes = result, arguments
    return loaded
