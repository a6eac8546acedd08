"""The program's verbs as functions."""

import contextlib
import io
import os
import shutil
import stat
import subprocess
import sys
import unittest.mock

from packages import FOLDER, ROOT, TestCase, package, program

import hardnet


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Program(TestCase):
    def stand_in(self, text):
        """A shell script in the program's place."""
        path = os.path.join(FOLDER, "stand_in")
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, stat.S_IRWXU)
        return unittest.mock.patch.dict(os.environ, HARDNET_PROGRAM=path)

    def test_list(self):
        networks = hardnet.list()
        self.assertEqual(
            [one["name"] for one in networks],
            [line.split()[0] for line in program("list").stdout.splitlines()[1:]],
        )
        [found] = [one for one in networks if one["name"] == "hardnet68"]
        self.assertEqual((found["input"], found["parameters"]), ([3, 224, 224], 17565348))

    def test_inspect(self):
        whole, half = hardnet.inspect("hardnet68", layers=True), hardnet.inspect("hardnet68", input=(112, 112))
        self.assertEqual(whole["parameters"], half["parameters"])
        self.assertEqual(half["input"], [3, 112, 112])
        self.assertEqual(sum(layer["macs"] for layer in whole["layers"]), whole["macs"])
        self.assertNotIn("layers", half)
        self.assertEqual(hardnet.inspect(package("digits"))["package"]["name"], "hardnet_digits")

    def test_errors_are_the_programs(self):
        said = program("inspect", "hardnet67")
        self.expect(hardnet.UsageError, said.stderr[len("hardnet: ") : -1], hardnet.inspect, "hardnet67")
        record = os.path.join(ROOT, "models/digits.json")
        said = program("compile", record, "-o", os.path.join(FOLDER, "no"), "--weights", "none.safetensors")
        self.assertNotEqual(said.returncode, 0)
        with self.assertRaises(hardnet.Error) as raised:
            hardnet.compile(record, os.path.join(FOLDER, "no"), weights="none.safetensors")
        self.assertEqual(str(raised.exception), said.stderr[len("hardnet: ") : -1])
        self.assertEqual(raised.exception.code, said.returncode)
        with self.assertRaisesRegex(hardnet.UsageError, "--colour"):
            hardnet.inspect("hardnet68", colour="red")

    def test_flags(self):
        folder = os.path.join(FOLDER, "flags")
        with self.stand_in('printf "%s\\n" "$@" >' + os.path.join(FOLDER, "words")):
            self.assertEqual(
                hardnet.compile(
                    "model",
                    folder,
                    weights="seed:1",
                    input=(32, 64),
                    target=["a", "b"],
                    mask=True,
                    tune_for=None,
                    allow_spills=False,
                    class_names="x",
                    batch=2,
                ),
                folder,
            )
        with open(os.path.join(FOLDER, "words")) as file:
            words = file.read().split()
        self.assertEqual(
            words,
            [
                "compile",
                "model",
                "-o",
                folder,
                "--weights",
                "seed:1",
                "--input",
                "32x64",
                "--target",
                "a",
                "--target",
                "b",
                "--mask",
                "--class-names",
                "x",
                "--batch",
                "2",
            ],
        )

    def run_stand_in(self, text, stderr):
        with self.stand_in(text), contextlib.redirect_stderr(stderr):
            with self.assertRaises(hardnet.Error) as raised:
                hardnet.compile("model", "folder")
        return raised.exception, stderr.getvalue()

    def test_stderr_is_passed_on_but_for_the_error(self):
        script = (
            "echo 'hardnet: note: slow' >&2; echo 'hardnet: weights: expected a, found b' >&2; "
            "echo '  detail' >&2; exit 3"
        )
        for stderr in (io.StringIO(), Terminal()):
            error, shown = self.run_stand_in(script, stderr)
            self.assertIs(type(error), hardnet.BadInput)
            self.assertEqual(str(error), "weights: expected a, found b\n  detail")
            self.assertEqual(shown, "hardnet: note: slow\n")

    def test_progress_on_a_terminal(self):
        script = (
            "if [ -t 2 ]; then printf '\\rcompile 1/2\\r           \\r' >&2; fi; echo 'hardnet: no' >&2; exit 5"
        )
        error, shown = self.run_stand_in(script, Terminal())
        self.assertEqual((str(error), shown), ("no", "\rcompile 1/2\r           \r"))
        self.assertIs(type(error), hardnet.EnvironmentFailure)
        self.assertEqual(self.run_stand_in(script, io.StringIO())[1], "")
        with unittest.mock.patch("pty.openpty", side_effect=OSError("out of pty devices")):
            error, shown = self.run_stand_in(script, Terminal())
        self.assertEqual((str(error), shown), ("no", ""))

    def test_much_output(self):
        with self.stand_in("head -c 300000 /dev/zero | tr '\\0' ' '; echo '[]'; head -c 300000 /dev/zero >&2"):
            with contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(hardnet.list(), [])

    def test_copied_module(self):
        """It finds its library beside itself and the program on PATH."""
        copy = os.path.join(FOLDER, "copy")
        without = shutil.ignore_patterns("hardnet")  # a wheel's program, which finds Halide from its own place
        shutil.copytree(os.path.dirname(hardnet.__file__), os.path.join(copy, "hardnet"), ignore=without)
        os.makedirs(os.path.join(copy, "bin"))
        os.symlink(os.environ["HARDNET_PROGRAM"], os.path.join(copy, "bin", "hardnet"))
        variables = dict(os.environ, PYTHONPATH=copy, PATH=os.path.join(copy, "bin"))
        del variables["HARDNET_PROGRAM"]
        text = "import hardnet as h, sys; print(h.load(sys.argv[1]).name, len(h.list()) > 0, h.__file__)"
        ran = subprocess.run(
            [sys.executable, "-c", text, package("digits")],
            env=variables,
            capture_output=True,
            text=True,
        )
        self.assertEqual(ran.stdout, f"hardnet_digits True {copy}/hardnet/__init__.py\n", ran.stderr)

    def test_missing_program(self):
        with unittest.mock.patch.dict(os.environ, HARDNET_PROGRAM="/none/hardnet"):
            self.expect(
                hardnet.EnvironmentFailure,
                "/none/hardnet: expected the hardnet program, found: No such file or directory",
                hardnet.list,
            )

    def test_program_that_is_ended(self):
        error, _ = self.run_stand_in("kill -9 $$", io.StringIO())
        self.assertIs(type(error), hardnet.Internal)
        self.assertTrue(str(error).endswith(": expected exit code 0, found -9"))
