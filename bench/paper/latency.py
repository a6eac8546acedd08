"""Times packages against packages: one process each on the same CPUs, in turn, minimum and median."""

import os
import statistics
import subprocess
import tempfile

import common
from networks import CLASSIFIER_SIZE, PAIRS


class Engine:
    """A process of hardnet_engine that has run once and waits for numbers of runs to time; bench/rivals/README.md."""

    def __init__(self, options, name, size, threads):
        self.name, self.times_ms = name, []
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        folder = common.package(options, name, size)
        with tempfile.NamedTemporaryFile() as output:
            self.process = subprocess.Popen(
                common.engine_command(options, name, folder, size, threads, output.name), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                preexec_fn=lambda: os.sched_setaffinity(0, cpus))
            words = self.process.stdout.readline().split()
            if words[:1] != ["ready"]:
                raise common.Failed(f"{name}: expected an engine that starts, found exit code {self.process.wait()}")
            self.level = words[-1].strip("()")
            self.output = check_output(name, output.read())

    def time(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        times = [float(word) for word in self.process.stdout.readline().split()]
        if len(times) != count:
            raise common.Failed(f"{self.name}: expected {count} times, found {len(times)}")
        self.times_ms += times

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        return {"min_ms": min(self.times_ms), "median_ms": statistics.median(self.times_ms), "runs": len(self.times_ms),
                "level": self.level}


def check_output(name, raw):
    import numpy

    values = numpy.frombuffer(raw, numpy.float32)
    if not values.size or not numpy.isfinite(values).all() or values.std() == 0:
        raise common.Failed(f"{name}: expected finite values that differ as its output, found others; not timed")
    return raw


def in_turn(options, folders, threads, progress):
    """name -> times, all processes alive at once, and name -> output."""
    engines = []
    for name, size in folders:
        progress.say(f"starting {name}, {threads} thread{'s' * (threads > 1)}")
        engines.append(Engine(options, name, size, threads))
    for _ in range(options.rounds):
        for engine in engines:
            engine.time(options.iterations)
        progress.step(", ".join(name for name, _ in folders) if len(folders) < 3 else f"{len(folders)} classifiers")
    return {engine.name: engine.close() for engine in engines}, {engine.name: engine.output for engine in engines}


def resized(pair, size):
    return pair.folders() if pair.size != CLASSIFIER_SIZE else [(name, size) for name, _ in pair.folders()]


def measure_pairs(options, store, about):
    """The pairs of the paper's claims; classifiers at options.size."""
    threads = [n for n in (1, 2) if n <= len(os.sched_getaffinity(0))]
    progress = common.Progress("latency", len(PAIRS) * len(threads) * options.rounds)
    rows = []
    for pair in PAIRS:
        folders = resized(pair, options.size)
        outputs = []
        for n in threads:
            times, found = in_turn(options, folders, n, progress)
            outputs.append(found)
            rows.append({"network": pair.network, "baseline": pair.baseline, "size": folders[0][1], "claim": pair.claim,
                         "threads": n, "times": times})
        if any(found != outputs[0] for found in outputs):
            raise common.Failed(f"{pair.network}, {pair.baseline}: expected the same bits with 1 and 2 threads, found others")
    progress.end()
    store.write(f"latency-{options.size}", {"rows": rows, "rounds": options.rounds, "iterations": options.iterations}, about)


def measure_classifiers(options, store, about):
    progress = common.Progress("classifiers", options.rounds)
    times, _ = in_turn(options, [(name, CLASSIFIER_SIZE) for name in options.classifiers], 1, progress)
    progress.end()
    store.write("classifiers", {"times": times, "rounds": options.rounds, "iterations": options.iterations}, about)


def reduction(row, key):
    return 100 * (1 - row["times"][row["network"]][key] / row["times"][row["baseline"]][key])


def milliseconds(times):
    return f"{times['min_ms']:.{1 if times['min_ms'] >= 10 else 2}f} / {times['median_ms']:.{1 if times['median_ms'] >= 10 else 2}f}"


def markdown(stored):
    lines = ["| network | against | input | threads | its ms (min / median) | the other's | less time, by minima | by medians | paper, GPU |",
             "|---" * 9 + "|"]
    for row in stored["rows"]:
        lines.append(
            f"| {row['network']} | {row['baseline']} | {row['size']} | {row['threads']} | "
            f"{milliseconds(row['times'][row['network']])} | {milliseconds(row['times'][row['baseline']])} | "
            f"**{reduction(row, 'min_ms'):.0f} %** | {reduction(row, 'median_ms'):.0f} % | {row['claim']} % |")
    return "\n".join(lines)


def verdict(stored):
    """Which claims the minima reach, plainly."""
    lines = []
    for row in stored["rows"]:
        found = reduction(row, "min_ms")
        word = "reached" if found >= row["claim"] else "not reached" if found > 0 else "reversed"
        lines.append(f"- {row['network']} against {row['baseline']}, {row['threads']} thread{'s' * (row['threads'] > 1)}: "
                     f"{row['claim']} % claimed, {found:.0f} % found: {word}.")
    return "\n".join(lines)
