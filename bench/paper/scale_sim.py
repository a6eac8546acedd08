"""SCALE-Sim's DRAM words beside CIO, for two networks; the simulator lives in a virtual environment of its own."""

import hashlib
import json
import pathlib
import subprocess

import common

NETWORKS = ("resnet18", "hardnet39ds")
HERE = pathlib.Path(__file__).resolve().parent
CONFIG = HERE / "scale_sim.cfg"
VENV = HERE.parent / ".venv-scalesim"
PACKAGES = ("scalesim==3.0.0", "numpy==1.26.4")  # SCALE-Sim 3.0.0 fails with NumPy 2.4, which bench/.venv has
BUFFERS = ("ifmap", "filter", "ofmap")


def install():
    """Why SCALE-Sim cannot be had; empty where it is there."""
    record = VENV / f"installed {' '.join(PACKAGES)}"
    if record.exists():
        return ""
    for command in (["/usr/bin/python3", "-m", "venv", VENV],
                    [VENV / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]):
        done = subprocess.run([str(word) for word in command], text=True, capture_output=True)
        if done.returncode:
            return f"not installed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
    record.touch()
    return ""


def simulate(options, name, topology):
    folder = options.folder / "scale-sim"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.csv"
    path.write_text(topology)
    printed = common.run(VENV / "bin/python", HERE / "scale_sim_run.py", CONFIG, path, folder / name)
    layers = json.loads(printed)["layers"]
    return {buffer: sum(layer[buffer] for layer in layers) for buffer in BUFFERS}


def measure(options, store, about):
    """Known from before where configuration, topology and version are the same."""
    reason = install()
    progress = common.Progress("SCALE-Sim", len(NETWORKS))
    for name in NETWORKS:
        if reason:
            break
        topology = common.run(options.build / "hardnet", "inspect", name, "--format", "scale-sim")
        key = hashlib.sha256((topology + CONFIG.read_text() + PACKAGES[0]).encode()).hexdigest()[:16]
        known = store.read(f"scale-sim-{name}")
        if not known or known["key"] != key:
            progress.say(f"{name}, some minutes")
            store.write(f"scale-sim-{name}", {"key": key, "words": simulate(options, name, topology)}, about)
        progress.step(name)
    progress.end()
    store.write("scale-sim", {"reason": reason}, about)


def markdown(store, figures):
    lines = ["| network | CIO M | ifmap M | ofmap M | sum | against CIO | filter M | parameters M |", "|---" * 8 + "|"]
    for name in NETWORKS:
        stored = store.read(f"scale-sim-{name}")
        if not stored:
            lines.append(f"| {name} | {figures[name]['cio']['value'] / 1e6:.3f} | - | - | - | not simulated | - | - |")
            continue
        words, cio = stored["words"], figures[name]["cio"]["value"]
        moved = words["ifmap"] + words["ofmap"]
        lines.append(f"| {name} | {cio / 1e6:.3f} | {words['ifmap'] / 1e6:.3f} | {words['ofmap'] / 1e6:.3f} | "
                     f"{moved / 1e6:.3f} | {moved / cio:.2f}x | {words['filter'] / 1e6:.3f} | "
                     f"{figures[name]['parameters']['value'] / 1e6:.3f} |")
    return "\n".join(lines)
