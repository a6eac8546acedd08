"""What the sections share: JSON in build/paper, progress, packages and engines that run them."""

import json
import pathlib
import platform
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEVELS = ["x86-64-v3", "x86-64-v4"]  # AVX2 for Valgrind, which knows no AVX-512, and the best of this CPU for the clock


class Store:
    """JSON files in one folder; every one carries the machine."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, name):
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def write(self, name, content, about):
        (self.folder / f"{name}.json").write_text(json.dumps({**content, "machine": about}, indent=1) + "\n")


class Progress:
    """One line on a terminal, rewritten, with the time that is left; silent elsewhere."""

    def __init__(self, name, total):
        self.name, self.total, self.done, self.begun = name, total, 0, time.monotonic()
        self.say("starting")

    def say(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{self.name}: {text}", end="", file=sys.stderr, flush=True)

    def step(self, what, share=1):
        self.done += share
        left = (time.monotonic() - self.begun) / self.done * (self.total - self.done)
        self.say(f"{what} ({100 * self.done / self.total:.0f} %, about {left:.0f} s left)")

    def end(self):
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


class Failed(Exception):
    pass


def run(*command, env=None):
    """Its standard output; Failed with the last line that it complained with."""
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, env=env)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise Failed(f"{command[0]} {command[1]}: exit code {done.returncode}: {lines[-1] if lines else 'no message'}")
    return done.stdout


def compile_package(options, name, size, folder, *more):
    """Seeded weights: neither time nor traffic depends on their values."""
    targets = [word for level in LEVELS for word in ("--target", level)] if platform.machine() == "x86_64" else []
    run(options.build / "hardnet", "compile", name, "--weights", "seed:1", "--input", size, *targets, *more, "-o", folder)


def package(options, name, size):
    """Compiled anew where the program is newer."""
    folder = options.folder / "packages" / f"{name}-{size}"
    made, program = folder / f"{name}.json", options.build / "hardnet"
    if not made.exists() or made.stat().st_mtime < program.stat().st_mtime:
        compile_package(options, name, size, folder)
    return folder


def write_input(folder, size):
    """A folder with an input of normal deviates, as hardnet_engine wants it; a path that two sizes do not share."""
    import numpy

    folder = folder / f"input-{size}"
    folder.mkdir(parents=True, exist_ok=True)
    height, width = map(int, size.split("x"))
    values = numpy.random.default_rng(1).standard_normal((3, height, width), numpy.float32)
    values.tofile(folder / "input.f32")
    return folder


def engine_command(options, name, package_folder, size, threads, output):
    return [str(word) for word in (
        options.build / "hardnet_engine", "--package", package_folder, "--name", name, "--model",
        write_input(options.folder, size), "--threads", threads, "--output", output)]
