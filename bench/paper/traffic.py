"""Bytes behind a last-level cache, simulated: cachegrind on one run of each classifier, its AVX2 code, one thread."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time

import common
from networks import CLASSIFIER_SIZE

LINE_BYTES = 64
# 32 KiB and 1 MiB are a Zen 4 core's L1 and L2; what misses the second comes from what cores share.
CACHES = ("--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,16,64")
STATED = "L1 32 KiB x 8 ways, last level 1 MiB x 16 ways, lines of 64 bytes"
APT = "apt-get install -y --no-install-recommends valgrind"


def missing():
    """Why nothing can be simulated here; empty where it can."""
    if platform.machine() != "x86_64":
        return f"AVX2 code needs an x86-64 CPU, this is {platform.machine()}"
    return "" if shutil.which("valgrind") else f"valgrind is not installed ({APT})"


def start(options, name, folder, line, output):
    """A process under cachegrind that runs the network once more than it is given lines."""
    log = tempfile.TemporaryFile("w+")
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=yes", *CACHES, "--cachegrind-out-file=/dev/null",
               *common.engine_command(options, name, folder, CLASSIFIER_SIZE, 1, output)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, text=True,
                               env={**os.environ, "HARDNET_CPU_LEVEL": "avx2"})
    process.stdin.write(line)
    process.stdin.close()
    return process, log


def misses(name, process, log):
    code = process.wait()
    log.seek(0)
    text = log.read()
    found = re.search(r"LL misses:\s+[\d,]+\s+\(\s*([\d,]+) rd\s+\+\s+([\d,]+) wr", text)
    if code or not found:
        raise common.Failed(f"{name}: cachegrind: exit code {code}: {text.strip().splitlines()[-1]}")
    return [int(count.replace(",", "")) for count in found.groups()]


def simulate(options, name, folder):
    """Misses of a process with two runs less those of one with one run; 0 timed runs are one run that is not timed."""
    with tempfile.TemporaryDirectory() as out:
        processes = [start(options, name, folder, line, f"{out}/{i}") for i, line in enumerate(("", "0\n"))]
        (read, written), (read2, written2) = [misses(name, *process) for process in processes]
    return {"read_misses": read2 - read, "write_misses": written2 - written,
            "bytes": LINE_BYTES * (read2 - read + written2 - written)}


def key_of(folder, name):
    library = next(folder.glob(f"lib/*/lib{name}.so"))
    version = common.run("valgrind", "--version")
    return hashlib.sha256(library.read_bytes() + " ".join(CACHES).encode() + version.encode()).hexdigest()[:16]


def prepacked(options, name):
    """Weights on disk in AVX2's order, or most of what is simulated would be their packing; thrown away afterwards."""
    folder = options.folder / f"prepacked-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    common.compile_package(options, name, CLASSIFIER_SIZE, folder, "--prepack", "avx2")
    return folder


def measure(options, store, about):
    """Smallest networks first, until the minutes are up; what is known from before costs nothing."""
    reason = missing()
    macs = {one["network"]: one["macs"]["value"] for one in store.read("figures")["rows"]}
    rows, skipped, spent_s = {}, {}, 0.0
    progress = common.Progress("cachegrind", sum(macs[name] for name in options.classifiers))
    for name in sorted(options.classifiers, key=macs.get):
        if reason:
            skipped[name] = reason
            continue
        key = key_of(common.package(options, name, CLASSIFIER_SIZE), name)
        known = store.read(f"traffic-{name}")
        if known and known["key"] == key:
            rows[name] = known
            continue
        known_macs = sum(macs[done] for done in rows)
        expected_s = sum(row["seconds"] for row in rows.values()) / known_macs * macs[name] if rows else 0
        if spent_s + expected_s > 60 * options.minutes:
            skipped[name] = f"not simulated, it would take about {expected_s / 60:.0f} min here (--minutes)"
            continue
        begun = time.monotonic()
        found = simulate(options, name, prepacked(options, name))
        rows[name] = {"key": key, **found, "seconds": time.monotonic() - begun}
        store.write(f"traffic-{name}", rows[name], about)
        shutil.rmtree(options.folder / f"prepacked-{name}", ignore_errors=True)
        spent_s += rows[name]["seconds"]
        progress.step(name, macs[name])
    progress.end()
    store.write("traffic", {"bytes": {name: row["bytes"] for name, row in rows.items()}, "skipped": skipped}, about)
