"""The library's net, and who may touch it."""

from __future__ import annotations

import threading

from ._library import library
from .errors import Busy, InvalidArgument


class Handle:
    """The library's net, and the lock without which nobody touches it: `with handle as pointer`."""

    def __init__(self, pointer: int, name: str):
        self.pointer: int | None = pointer
        self.name = name
        self.lock = threading.Lock()

    def __enter__(self) -> int:
        if not self.lock.acquire(blocking=False):
            raise Busy(f"{self.name}: expected an idle net, found it used by another thread")
        if self.pointer is None:
            self.lock.release()
            raise InvalidArgument(f"{self.name}: expected an open net, found one that is closed")
        return self.pointer

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    def close(self) -> None:
        """Once; the lock is held."""
        pointer, self.pointer = self.pointer, None
        if pointer is not None:
            library().hardnet_net_close(pointer)


def close_if_idle(handle: Handle) -> None:
    """Of a net that nobody has any more, or at the interpreter's exit, where a thread may still run it."""
    if handle.lock.acquire(blocking=False):
        handle.close()
        handle.lock.release()
