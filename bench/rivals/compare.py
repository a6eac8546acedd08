"""Times several engines on one network in turn and prints what each takes beside how wrong it is; see README.md."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# How to start each engine; the first is the one that the others are measured against.
ENGINES = {
    "hardnet": lambda o: [o.engine, "--package", o.package, "--name", o.name or o.package.name],
    "ncnn": lambda o: [sys.executable, HERE / "ncnn_engine.py"],
    "onnxruntime": lambda o: [sys.executable, HERE / "onnxruntime_engine.py"],
    "openvino": lambda o: [sys.executable, HERE / "openvino_engine.py"],
}


class Engine:
    def __init__(self, name, options, threads, cpus, output):
        command = ENGINES[name](options) + ["--model", options.model, "--threads", threads, "--output", output]
        self.name = name
        self.times_ms = []
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )
        words = self.process.stdout.readline().split(maxsplit=1)
        if len(words) != 2 or words[0] != "ready":
            sys.exit(f"compare: {name}: expected 'ready', found exit code {self.process.wait()}")
        self.version = words[1].strip()
        self.error = relative_rms(np.fromfile(output, np.float32), np.fromfile(options.model / "reference.f64"))

    def time(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        times = [float(word) for word in self.process.stdout.readline().split()]
        if len(times) != count:
            sys.exit(f"compare: {self.name}: expected {count} times, found {len(times)}")
        self.times_ms += times

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def relative_rms(found, expected):
    if found.size != expected.size:
        return float("inf")
    return float(np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)))


def compare(options, threads):
    """One row per engine at this thread count; a wrong engine's row has no times."""
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    if len(cpus) < threads:
        sys.exit(f"compare: threads: expected at most {len(cpus)}, the CPUs of this process, found {threads}")
    with tempfile.TemporaryDirectory() as folder:
        engines = [Engine(n, options, threads, cpus, f"{folder}/{n}.f32") for n in options.engines]
    right = [engine for engine in engines if engine.error <= options.bound]
    for _ in range(options.rounds):
        for engine in right:
            engine.time(options.iterations)
    for engine in engines:
        engine.close()
    return [
        {
            "engine": engine.name, "version": engine.version, "threads": threads, "relative_rms": engine.error,
            "min_ms": min(engine.times_ms, default=None),
            "median_ms": statistics.median(engine.times_ms) if engine.times_ms else None,
            "iterations": len(engine.times_ms),
        }
        for engine in engines
    ]


def table(rows):
    lines = [f"{'engine':28} {'threads':>7} {'min ms':>9} {'median ms':>9} {'ratio':>6}  relative RMS"]
    for row in rows:
        ours = next(r for r in rows if r["threads"] == row["threads"])
        if row["min_ms"] is None:
            times = f"{'wrong, not timed':>26}"
        else:
            ratio = f"{row['min_ms'] / ours['min_ms']:6.2f}" if ours["min_ms"] else f"{'-':>6}"
            times = f"{row['min_ms']:9.2f} {row['median_ms']:9.2f} {ratio}"
        lines.append(f"{row['version']:28} {row['threads']:7} {times}  {row['relative_rms']:.1e}")
    return "\n".join(lines)


def machine():
    with open("/proc/cpuinfo") as file:
        models = {line.split(":")[1].strip() for line in file if line.startswith("model name")}
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True, capture_output=True)
    return {
        "cpu": ", ".join(sorted(models)) or platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "commit": commit.stdout.strip() or "unknown",
    }


def parse_arguments():
    arguments = argparse.ArgumentParser(description=__doc__)
    numbers = lambda text: [int(word) for word in text.split(",")]
    arguments.add_argument("model", type=pathlib.Path, help="folder that export.py wrote")
    arguments.add_argument("--package", type=pathlib.Path, required=True, help="compiled from the same weights")
    arguments.add_argument("--name", help="the package's name, if not its folder's")
    arguments.add_argument("--engine", type=pathlib.Path, default=ROOT / "build/hardnet_engine")
    arguments.add_argument("--engines", type=lambda t: t.split(","), default=list(ENGINES), help=",".join(ENGINES))
    arguments.add_argument("--threads", type=numbers, default=[1, 2], help="1,2")
    arguments.add_argument("--rounds", type=int, default=12)
    arguments.add_argument("--iterations", type=int, default=5, help="timed runs per engine and round")
    arguments.add_argument("--bound", type=float, default=1e-4, help="relative RMS above which an engine is wrong")
    arguments.add_argument("--json", type=pathlib.Path, help="write the rows and the machine to this file")
    options = arguments.parse_args()
    options.package = options.package.resolve()
    unknown = [name for name in options.engines if name not in ENGINES]
    if unknown:
        arguments.error(f"--engines: expected {', '.join(ENGINES)}, found {unknown[0]}")
    return options


def main():
    options = parse_arguments()
    about = json.loads((options.model / "about.json").read_text())
    about_machine = machine()
    print(f"{about['model']}, weights {about['weights']}, input {about['input_shape']}")
    print(f"{about_machine['cpu']}, {about_machine['cpus']} CPUs, commit {about_machine['commit']}; "
          f"{options.rounds} rounds of {options.iterations} runs")
    rows = [row for threads in options.threads for row in compare(options, threads)]
    print(table(rows))
    if options.json:
        report = {**about, **about_machine, "rounds": options.rounds, "rows": rows}
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if all(row["min_ms"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
