"""Times packages against packages: one process each on the same CPUs, in turn, minimum and median.

With one thread the processor time is taken, too: on a busy machine a run waits for its CPU, and that is nobody's latency.
"""

import os
import statistics
import subprocess
import tempfile

import common
from networks import CLASSIFIER_SIZE, PAIRS


class Engine:
    """A process of hardnet_engine that has run once and waits for numbers of runs to time; bench/rivals/README.md."""

    def __init__(self, options, name, size, threads):
        self.name, self.threads, self.times_ms, self.cpu_ms = name, threads, [], []
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

    def on_cpu_ms(self):
        """Of the process's first thread since it started, which is all of one."""
        with open(f"/proc/{self.process.pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e6

    def time(self, count):
        begun = self.on_cpu_ms()
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        times = [float(word) for word in self.process.stdout.readline().split()]
        if len(times) != count:
            raise common.Failed(f"{self.name}: expected {count} times, found {len(times)}")
        self.times_ms += times
        self.cpu_ms.append((self.on_cpu_ms() - begun) / (count + 1))  # the run that is not timed is in it

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        found = {"min_ms": min(self.times_ms), "median_ms": statistics.median(self.times_ms), "runs": len(self.times_ms),
                 "level": self.level}
        return {**found, "cpu_ms": min(self.cpu_ms)} if self.threads == 1 else found


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
    rows, taken = [], {"rounds": options.rounds, "iterations": options.iterations}
    for pair in PAIRS:
        folders = resized(pair, options.size)
        outputs = []
        for n in threads:
            times, found = in_turn(options, folders, n, progress)
            outputs.append(found)
            rows.append({"network": pair.network, "baseline": pair.baseline, "size": folders[0][1], "claim": pair.claim,
                         "threads": n, "times": times})
        if any(found != outputs[0] for found in outputs):
            raise common.Failed(f"{pair.network}, {pair.baseline}: expected the same bits at any thread count")
        store.write(f"latency-{options.size}", {"rows": rows, **taken}, about)
    progress.end()


def measure_classifiers(options, store, about):
    progress = common.Progress("classifiers", options.rounds)
    times, _ = in_turn(options, [(name, CLASSIFIER_SIZE) for name in options.classifiers], 1, progress)
    progress.end()
    store.write("classifiers", {"times": times, "rounds": options.rounds, "iterations": options.iterations}, about)


def reduction(row, key):
    return 100 * (1 - row["times"][row["network"]][key] / row["times"][row["baseline"]][key])


def number(value):
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def milliseconds(times):
    cpu = f"; {number(times['cpu_ms'])}" if "cpu_ms" in times else ""
    return f"{number(times['min_ms'])} / {number(times['median_ms'])}{cpu}"


def best(row):
    """Of one thread the processor time, of several the minimum."""
    return reduction(row, "cpu_ms" if row["threads"] == 1 else "min_ms")


def markdown(stored):
    lines = ["| network | against | input | threads | ms (min / median; processor) | the other's | less time by minima | "
             "by medians | by processor time | paper, GPU |", "|---" * 10 + "|"]
    for row in stored["rows"]:
        ours, theirs = row["times"][row["network"]], row["times"][row["baseline"]]
        processor = f"{reduction(row, 'cpu_ms'):.0f} %" if row["threads"] == 1 else "-"
        lines.append(
            f"| {row['network']} | {row['baseline']} | {row['size']} | {row['threads']} | {milliseconds(ours)} | "
            f"{milliseconds(theirs)} | {reduction(row, 'min_ms'):.0f} % | {reduction(row, 'median_ms'):.0f} % | "
            f"{processor} | {row['claim']} % |")
    return "\n".join(lines)


WAITING = 1.2  # a fastest run on one thread that took longer than this times its processor time had not its CPU to itself


def waited(row, rows):
    """Whether runs of this pair on one thread waited for their CPU, so that those on more cannot be judged."""
    one = next(r for r in rows if r["threads"] == 1 and (r["network"], r["baseline"]) == (row["network"], row["baseline"]))
    return row["threads"] > 1 and any(times["min_ms"] > WAITING * times["cpu_ms"] for times in one["times"].values())


def verdict(stored):
    """Which claims are reached, plainly."""
    lines = []
    for row in stored["rows"]:
        found = best(row)
        word = "reached" if found >= row["claim"] else "not reached" if found > 0 else "reversed"
        word = "says little, since runs waited for their CPUs" if waited(row, stored["rows"]) else word
        lines.append(f"- {row['network']} against {row['baseline']}, {row['threads']} thread{'s' * (row['threads'] > 1)}: "
                     f"{row['claim']} % claimed, {found:.0f} % found: {word}.")
    return "\n".join(lines)
