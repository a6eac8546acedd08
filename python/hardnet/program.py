"""The `hardnet` program from Python: its verbs as functions, its errors as exceptions with its line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any, BinaryIO, Dict, List, Tuple

from .errors import EnvironmentFailure, error_of

ERROR, NOTE = b"hardnet: ", b"hardnet: note: "  # how lines of stderr begin
Value = Any  # of a flag: True, a number, a text, a path, (height, width) or a list of those


def list() -> List[Dict[str, Any]]:
    """The built-in networks: name, input [planes, height, width], parameters, macs, cio (elements)..."""
    return json.loads(_run(["list", "--json"]))


def inspect(model_or_package: str | os.PathLike, **flags: Value) -> Dict[str, Any]:
    """A network's measures, of a package also what was compiled: `hardnet inspect --format json`. Flags are the
    verb's: layers=True, input=(224, 224)..."""
    return json.loads(_run(["inspect", os.fspath(model_or_package), "--format", "json", *_flags(flags)]))


def compile(model: str | os.PathLike, folder: str | os.PathLike, **flags: Value) -> str:
    """Compiles a network, a record or an ONNX file into a package, and returns its folder. Flags are those of
    `hardnet compile --help`, with _ for -: weights="seed:1", input=(height, width), batch=4, mask=True,
    target=["host", "arm64"]. Progress goes to stderr, where that is a terminal."""
    _run(["compile", os.fspath(model), "-o", os.fspath(folder), *_flags(flags)])
    return os.fspath(folder)


def find_program() -> str:
    """$HARDNET_PROGRAM, else the one beside the module, in its build folder, or on PATH."""
    asked = os.environ.get("HARDNET_PROGRAM")
    if asked:
        return asked
    module = os.path.dirname(os.path.abspath(__file__))
    for path in (os.path.join(module, "hardnet"), os.path.join(module, "..", "..", "hardnet")):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    found = shutil.which("hardnet")
    if found is None:
        raise EnvironmentFailure(
            "hardnet: expected the program beside the module, in $HARDNET_PROGRAM or on PATH, found none"
        )
    return found


def _flags(flags: Dict[str, Value]) -> List[str]:
    words: List[str] = []
    for name, value in flags.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, tuple):
            words += [flag, "x".join(map(str, value))]
        elif value is not None and value is not False:
            for one in value if hasattr(value, "append") else [value]:
                words += [flag, os.fspath(one) if hasattr(one, "__fspath__") else str(one)]
    return words


def _run(arguments: List[str]) -> str:
    """What the program prints. What it says on stderr is passed on as it comes, but for an error's lines."""
    program = find_program()
    with tempfile.TemporaryFile() as out:  # a pipe could fill while stderr is read
        read, write = _terminal() if sys.stderr is not None and sys.stderr.isatty() else os.pipe()
        with os.fdopen(read, "rb", buffering=0) as errors:
            try:
                process = subprocess.Popen(
                    [program, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=write
                )
            except OSError as error:
                raise EnvironmentFailure(
                    f"{program}: expected the hardnet program, found: {error.strerror}"
                ) from None
            finally:
                os.close(write)
            with process:
                said = _pass_on(errors).decode("utf-8", "replace").strip()
        if process.returncode != 0:
            line = (
                said[len(ERROR) :] if said else f"{program}: expected exit code 0, found {process.returncode}"
            )
            raise error_of(line, code=process.returncode)
        out.seek(0)
        return out.read().decode()


def _terminal() -> Tuple[int, int]:
    """The two ends of a terminal of our own, on which the program shows its progress; of a pipe where there are none."""
    import pty
    import tty

    try:
        read, write = pty.openpty()
    except OSError:  # a container without /dev/pts
        return os.pipe()
    tty.setraw(write)  # line ends stay as they are
    return read, write


def _pass_on(errors: BinaryIO) -> bytes:
    """Passes stderr on until the program closes it; gives the lines of an error, which are not passed on."""
    said = pending = b""
    while True:
        chunk = _next(errors)
        pending += chunk
        while True:
            line, end, rest = _first_line(pending)
            unclear = said or ERROR.startswith(line[: len(ERROR)])  # until more of it comes
            if not end and (not line or (chunk and unclear)):
                break
            pending = rest
            if (line.startswith(ERROR) and not line.startswith(NOTE)) or (said and line.startswith(b"  ")):
                said += line + end
            else:
                _show(line + end)
        if not chunk:
            return said


def _next(errors: BinaryIO) -> bytes:
    try:
        return errors.read(4096)
    except OSError:  # how a terminal ends
        return b""


def _first_line(text: bytes) -> Tuple[bytes, bytes, bytes]:
    """It, its end if that is there, and the rest. Progress rewrites its line behind a carriage return."""
    ends = [at for at in (text.find(b"\r"), text.find(b"\n")) if at >= 0]
    if not ends:
        return text, b"", b""
    end = min(ends)
    return text[:end], text[end : end + 1], text[end + 1 :]


def _show(text: bytes) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text.decode("utf-8", "replace"))
        sys.stderr.flush()
