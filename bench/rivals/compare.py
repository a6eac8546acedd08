"""Times several engines on one network in turn and writes what each takes and how wrong it is; see README.md."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import report
from engines import ENGINES, HERE
from machine import machine

ROOT = HERE.parents[1]


def mask_of(options):
    """The library of cpu_mask.c, built beside the engine."""
    return options.engine.resolve().parent / "libcpu_mask.so"


class Failed(Exception):
    pass


class Process:
    """An engine that runs: pinned, its output compared, waiting for numbers of runs to time."""

    def __init__(self, name, options, threads, cpus, folder):
        engine = ENGINES[name]
        self.name, self.times_ms = name, []
        self.log = f"{folder}/{name}.log"
        output = f"{folder}/{name}.f32"
        command = [sys.executable, HERE / engine.program] if engine.program else [
            options.engine, "--package", options.model / engine.package, "--name", options.name]
        command += ["--model", options.model, "--threads", threads, "--output", output]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        if options.level:
            environment["HARDNET_CPU_LEVEL"] = options.level
        if options.cpu:
            environment |= {"LD_PRELOAD": str(mask_of(options)), "CPU_MASK": options.cpu}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        words = self.process.stdout.readline().split(maxsplit=1)
        if len(words) != 2 or words[0] != "ready":
            self.fail("did not start")
        self.version = words[1].strip() + engine.suffix
        self.error = relative_rms(np.fromfile(output, np.float32), np.fromfile(options.model / "reference.f64"))

    def fail(self, what):
        code = self.close()
        lines = pathlib.Path(self.log).read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
        raise Failed(f"{what}: exit code {code}: {last}")

    def time(self, count):
        try:
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.fail("died")
        times = [float(word) for word in self.process.stdout.readline().split()]
        if len(times) != count:
            self.fail("died")
        self.times_ms += times

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        return self.process.wait()


class Progress:
    """One line on a terminal, rewritten; silent elsewhere."""

    def __init__(self, rounds):
        self.rounds, self.done, self.spent = rounds, 0, 0.0
        self.shown = sys.stderr.isatty()

    def say(self, text):
        if self.shown:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def round(self, threads, seconds):
        self.done += 1
        self.spent += seconds
        left = self.spent / self.done * (self.rounds - self.done)
        self.say(f"{threads} thread{'s' * (threads > 1)}: round {self.done} of {self.rounds}, about {left:.0f} s left")


def relative_rms(found, expected):
    if found.size != expected.size:
        return float("inf")
    return float(np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)))


def start(names, options, threads, progress, rows):
    """The engines that run and are right; the others' rows say why they are not among them."""
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    right = []
    with tempfile.TemporaryDirectory() as folder:
        for i, name in enumerate(names):
            row = rows[name]
            progress.say(f"{threads} thread{'s' * (threads > 1)}: starting {name} ({i + 1} of {len(names)})")
            try:
                process = Process(name, options, threads, cpus, folder)
            except Failed as failure:
                row["reason"] = str(failure)
                continue
            row["version"], row["relative_rms"] = process.version, process.error
            if process.error <= row["bound"]:
                right.append(process)
            else:
                row["reason"] = f"wrong, not timed: relative RMS {process.error:.1e}, bound {row['bound']:g}"
                process.close()
    return right


def compare(options, threads, progress):
    """One row per engine at this thread count; a row without times has a reason."""
    rows = {name: {"engine": name, "version": ENGINES[name].title, "threads": threads, "bound": ENGINES[name].bound,
                   "relative_rms": None, "min_ms": None, "median_ms": None, "runs": 0,
                   "reason": options.absent.get(name)} for name in options.engines}
    processes = start([n for n in options.engines if n not in options.absent], options, threads, progress, rows)
    for _ in range(options.rounds):
        begun = time.monotonic()
        for process in list(processes):
            try:
                process.time(options.iterations)
            except Failed as failure:
                rows[process.name]["reason"] = str(failure)
                processes.remove(process)
        progress.round(threads, time.monotonic() - begun)
    for process in processes:
        process.close()
        per_image = [ms / options.batch for ms in process.times_ms]
        rows[process.name].update(min_ms=min(per_image), median_ms=statistics.median(per_image), runs=len(per_image))
    return list(rows.values())


def parse_arguments():
    arguments = argparse.ArgumentParser(description=__doc__)
    numbers = lambda text: [int(word) for word in text.split(",")]
    arguments.add_argument("model", type=pathlib.Path, help="folder that export.py wrote, and packages of the same weights; the reports go there, too")
    arguments.add_argument("--name", required=True, help="the package's name")
    arguments.add_argument("--engine", type=pathlib.Path, default=ROOT / "build/hardnet_engine")
    arguments.add_argument("--engines", type=lambda t: t.split(","), default=list(ENGINES))
    arguments.add_argument("--absent", type=json.loads, default={}, help="engines that cannot start, with the reason")
    arguments.add_argument("--threads", type=numbers, default=[1, 2])
    arguments.add_argument("--rounds", type=int, default=12)
    arguments.add_argument("--iterations", type=int, default=5, help="timed runs per engine and round")
    arguments.add_argument("--level", default="", help="of hardnet; default: the best that this CPU runs")
    arguments.add_argument("--cpu", choices=["", *report.HELD_TO], default="",
                           help="what all engines are to take this CPU for; default: what it is")
    options = arguments.parse_args()
    available = len(os.sched_getaffinity(0))
    if max(options.threads) > available:
        arguments.error(f"--threads: expected at most {available}, the CPUs of this process, found {max(options.threads)}")
    if options.cpu and not mask_of(options).is_file():  # the loader would go on without it
        arguments.error(f"--cpu: expected {mask_of(options)}, which Linux on x86-64 builds, found none")
    return options


def main():
    options = parse_arguments()
    about = json.loads((options.model / "about.json").read_text())
    options.batch = about["input_shape"][0]
    progress = Progress(options.rounds * len(options.threads))
    rows = [row for threads in options.threads for row in compare(options, threads, progress)]
    progress.say("")
    found = {**about, "level": options.level, "cpu_mask": options.cpu, **machine(), "rounds": options.rounds,
             "iterations": options.iterations, "rows": rows}
    report.write(found, options.model)
    return 0 if all(row["min_ms"] for row in rows if row["engine"] == "hardnet") else 1


if __name__ == "__main__":
    sys.exit(main())
