"""Puts the engines' PyPI packages into bench/.venv, each engine by itself: one that cannot be had stops no other."""

import subprocess

from engines import ENGINES, HERE

VENV = HERE.parent / ".venv"
PYTHON = VENV / "bin/python"
COMMON = ("numpy==2.4.6", "matplotlib==3.10.7")


def pip(packages, *options):
    """None, or why not: the last line of pip's complaint."""
    done = subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options,
                           *packages], text=True, capture_output=True)
    if done.returncode == 0:
        return None
    complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] or [f"pip: {done.returncode}"]
    return complaints[-1].removeprefix("ERROR: ")


def install(engine):
    wanted = " ".join(engine.packages + engine.with_dependencies)
    record = VENV / f"installed {wanted}"
    if record.exists():
        return None
    print(f"rivals: installing {wanted}", flush=True)
    reason = pip(engine.packages, "--no-deps") if engine.packages else None
    if not reason and engine.with_dependencies:
        reason = pip(engine.with_dependencies)
    if not reason:
        record.touch()
    return reason


def ensure(names):
    """The engines of `names` that are not there, each with the reason."""
    common = VENV / f"installed {' '.join(COMMON)}"
    if not common.exists():
        print(f"rivals: {' and '.join(COMMON)} into {VENV}", flush=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", VENV], check=True)
        reason = pip(COMMON)
        if reason:
            raise SystemExit(f"rivals: {COMMON}: {reason}")
        common.touch()
    reasons = {name: install(ENGINES[name]) for name in names if ENGINES[name].program}
    return {name: f"not installed: {reason}" for name, reason in reasons.items() if reason}
