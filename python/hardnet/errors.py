"""What fails, as exceptions: a class per status of the runtime and per exit code of the program, each with the
line that these print. hardnet.Error is the class of all."""

from __future__ import annotations


class Error(Exception):
    """`status` is the runtime's, 0 where something else failed; `code` is what the program would exit with."""

    status = 0
    code = 6


class InvalidArgument(Error, ValueError):
    """A wrong shape, type or memory, a number of threads that is none, a net that is closed."""

    status, code = 1, 2


class OutOfMemory(Error, MemoryError):
    status, code = 2, 5


class BadWeights(Error, ValueError):
    """Weights that are broken, or of another network."""

    status, code = 3, 3


class VersionMismatch(Error):
    """A package of another version: compile it again."""

    status, code = 4, 5


class UnsupportedCpu(Error):
    """A level that this CPU does not run, or a package without one that it does."""

    status, code = 5, 5


class NoDevice(Error):
    """A GPU that is not there, or a package that was not compiled for it."""

    status, code = 6, 5


class DeviceOutOfMemory(Error, MemoryError):
    status, code = 7, 5


class DeviceLost(Error):
    """A GPU that failed in a run: the net can only be closed."""

    status, code = 8, 5


class Busy(Error):
    """The net is used by another thread."""

    status, code = 9, 5


class Io(Error, OSError):
    status, code = 10, 5


class Internal(Error):
    status, code = 11, 6


class ResultNotAsAsked(Error):
    code = 1


class UsageError(Error, ValueError):
    """A flag or an argument that the program or the network does not take."""

    code = 2


class BadInput(Error, ValueError):
    """A picture, a package or a model that cannot be read."""

    code = 3


class PartialBatch(Error):
    code = 4


class EnvironmentFailure(Error, OSError):
    """A file, a tool or a library that is missing or refuses."""

    code = 5


BY_STATUS = {kind.status: kind for kind in Error.__subclasses__() if kind.status}
BY_CODE = {kind.code: kind for kind in Error.__subclasses__() if not kind.status}


def error_of(text: str, status: int = 0, code: int = 6) -> Error:
    kind = BY_STATUS.get(status) or BY_CODE.get(code, Internal)
    return kind(text)
