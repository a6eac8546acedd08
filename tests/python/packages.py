"""Packages of the trained networks, compiled once per run of the tests, and the program on them."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import hardnet

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SHAPES = os.path.join(ROOT, "tests/data/shapes/pictures")
PICTURES = os.path.join(ROOT, "tests/data/pictures")
BATCH = 2
FOLDER = tempfile.mkdtemp(prefix="hardnet_python_test")
OWNER = os.getpid()  # a forked child leaves the folder


@atexit.register
def remove_folder():
    if os.getpid() == OWNER:
        shutil.rmtree(FOLDER)


def weights_of(name):
    return os.path.join(ROOT, f"tools/train/{name}.safetensors")


@functools.lru_cache(maxsize=None)
def package(name):
    """Of "digits", "shapes_segmenter" or "shapes_detector", a batch of two."""
    return hardnet.compile(
        os.path.join(ROOT, f"models/{name}.json"),
        os.path.join(FOLDER, name),
        weights=weights_of(name),
        batch=BATCH,
    )


@functools.lru_cache(maxsize=None)
def variant(name, of, **changes):
    """The package of a trained network's record with changes, of made-up weights."""
    with open(os.path.join(ROOT, f"models/{of}.json")) as file:
        record = json.load(file)
    record.update(name=name, **{key: json.loads(value) for key, value in changes.items()})
    path = os.path.join(FOLDER, name + ".json")
    with open(path, "w") as file:
        json.dump(record, file)
    return hardnet.compile(path, os.path.join(FOLDER, name), weights="seed:1")


def folded_weights(name):
    """The package's own file of weights."""
    [path] = [file for file in os.listdir(package(name)) if file.endswith(".safetensors")]
    return os.path.join(package(name), path)


def program(*arguments):
    return subprocess.run([os.environ["HARDNET_PROGRAM"], *arguments], capture_output=True, text=True)


def program_json(name, *arguments):
    """The `images` of `hardnet run --json`."""
    return folder_json(package(name), *arguments)


def folder_json(folder, *arguments):
    ran = program("run", folder, "--json", *arguments)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)["images"]


class TestCase(unittest.TestCase):
    def expect(self, kind, line, function, *arguments, **named):
        """An exception of this very class, with this line."""
        with self.assertRaises(hardnet.Error) as raised:
            function(*arguments, **named)
        self.assertIs(type(raised.exception), kind)
        self.assertEqual(str(raised.exception), line)

    def run_python(self, text, folder, **variables):
        """What another interpreter prints, whose sys.argv[1] is the folder; it ends well and complains of nothing."""
        ran = subprocess.run(
            [sys.executable, "-c", text, folder],
            env=dict(os.environ, **variables),
            capture_output=True,
            text=True,
        )
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        return ran.stdout
