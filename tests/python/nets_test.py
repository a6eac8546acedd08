"""Nets as a whole: opening, weights, threads, forks, the interpreter's end."""

import os
import sys
import threading
import time

import numpy
from packages import ROOT, TestCase, folded_weights, package, program
from run_test import images

import hardnet


class Opening(TestCase):
    def test_weights(self):
        with hardnet.load(package("digits")) as net:
            x = images(net)
            expected = net.run(x)
        path = folded_weights("digits")
        with open(path, "rb") as file:
            data = file.read()
        for weights in (path, data, memoryview(data)):
            with hardnet.load(package("digits"), weights=weights) as net:
                self.assertTrue(numpy.array_equal(net.run(x), expected))
        changed = bytearray(data)
        changed[-4:] = numpy.float32(numpy.frombuffer(changed[-4:], numpy.float32) + 1).tobytes()
        with hardnet.load(package("digits"), weights=changed) as net:
            self.assertFalse(numpy.array_equal(net.run(x), expected))

    def test_bad_weights(self):
        with self.assertRaisesRegex(hardnet.BadWeights, "^hardnet_digits: .*: expected .*, found ") as raised:
            hardnet.load(package("digits"), weights=folded_weights("shapes_segmenter"))
        self.assertEqual(raised.exception.status, 3)
        with self.assertRaisesRegex(hardnet.BadWeights, "^hardnet_digits: .*expected .*, found "):
            hardnet.load(package("digits"), weights=b"short")
        with self.assertRaisesRegex(hardnet.Io, "^hardnet_digits: weights none.safetensors: expected "):
            hardnet.load(package("digits"), weights="none.safetensors")
        with self.assertRaisesRegex(
            hardnet.InvalidArgument, "^weights: expected a path or a file's bytes, found int: "
        ):
            hardnet.load(package("digits"), weights=7)

    def test_says_what_the_program_says(self):
        for folder in ("none", os.path.join(ROOT, "docs"), os.path.join(ROOT, "README.md")):
            said = program("run", folder, "a.png")
            self.expect(hardnet.BadInput, said.stderr[len("hardnet: ") : -1], hardnet.load, folder)
        said = program("run", package("digits"), "a.png", "--level", "avx1024")
        with self.assertRaises(hardnet.Error) as raised:
            hardnet.load(package("digits"), level="avx1024")
        self.assertEqual(str(raised.exception), said.stderr[len("hardnet: ") : -1])
        self.assertEqual(raised.exception.code, said.returncode)

    def test_threads(self):
        with self.assertRaisesRegex(hardnet.InvalidArgument, "^hardnet_digits: threads: expected "):
            hardnet.load(package("digits"), threads=1000)

    def test_level(self):
        for level in hardnet.inspect(package("digits"))["package"]["levels"]:
            with hardnet.load(package("digits"), level=level["name"]) as net:
                self.assertEqual(net.level, level["name"])

    def test_leaves_no_threads(self):
        before = len(os.listdir("/proc/self/task"))
        net = hardnet.load(package("digits"), threads=4)
        self.assertEqual(len(os.listdir("/proc/self/task")), before + 3)
        del net
        self.assertEqual(len(os.listdir("/proc/self/task")), before)


class Threads(TestCase):
    def test_eight_with_a_net_each(self):
        with hardnet.load(package("shapes_segmenter"), threads=1) as net:
            inputs = [images(net) * numpy.float32(i + 1) for i in range(8)]
            expected = [net.run(x) for x in inputs]
        right = [0] * 8

        def work(at):
            with hardnet.load(package("shapes_segmenter"), threads=1) as own:
                for _ in range(4):
                    right[at] += numpy.array_equal(own.run(inputs[at]), expected[at])

        threads = [threading.Thread(target=work, args=(at,)) for at in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(right, [4] * 8)

    def test_interpreters_lock_is_released(self):
        """Nothing but the library's calls lets the other thread go on here."""
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        with hardnet.load(package("shapes_segmenter"), threads=1) as net:
            x = images(net)
            for call in (lambda: net.run(x), lambda: hardnet.load(package("digits"), threads=1).close()):
                started, done, turns = threading.Event(), threading.Event(), []

                def work():
                    started.set()
                    while len(turns) < 100 and not done.is_set():
                        turns.append(call())

                thread = threading.Thread(target=work)
                sys.setswitchinterval(1000)  # seconds
                thread.start()
                started.wait()
                done.set()
                thread.join()
                sys.setswitchinterval(interval)
                self.assertLess(len(turns), 100)

    def test_one_net_from_two(self):
        """The second one is told so while the first one runs."""
        with hardnet.load(package("shapes_segmenter"), threads=1) as net:
            x = images(net)
            expected = net.run(x)
            done, right = threading.Event(), []

            def work():
                out = numpy.empty_like(expected)
                while not done.is_set():
                    try:
                        net.run(x, out=out)
                    except hardnet.Busy:  # the other one was faster
                        continue
                    right.append(numpy.array_equal(out, expected))

            thread = threading.Thread(target=work)
            thread.start()
            refused = None
            end = time.monotonic() + 30
            while refused is None and time.monotonic() < end:
                try:
                    self.assertTrue(numpy.array_equal(net.run(x), expected))
                except hardnet.Busy as busy:
                    refused = busy
            done.set()
            thread.join()
            self.assertEqual(
                str(refused), "shapes_segmenter: expected an idle net, found it used by another thread"
            )
            self.assertEqual(refused.status, 9)
            self.assertTrue(all(right))
            self.assertTrue(numpy.array_equal(net.run(x), expected))


class Processes(TestCase):
    def test_fork(self):
        with hardnet.load(package("digits"), threads=2) as net:
            x = images(net)
            expected = net.run(x)
            child = os.fork()
            if child == 0:
                try:
                    same = numpy.array_equal(net.run(x), expected)
                    net.close()
                    os._exit(0 if same else 1)
                finally:
                    os._exit(2)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            self.assertTrue(numpy.array_equal(net.run(x), expected))

    def expect_done(self, text):
        self.assertEqual(self.run_python(text, package("shapes_segmenter")), "done\n")

    def test_exit_with_open_nets(self):
        self.expect_done(
            "import hardnet, sys\n"
            "nets = [hardnet.load(sys.argv[1], threads=2) for _ in range(3)]\n"
            "nets.append(nets)\n"  # a cycle, which nobody frees
            "print('done')\n"
        )

    def test_exit_while_a_thread_runs(self):
        self.expect_done(
            "import hardnet, numpy, sys, threading\n"
            "net = hardnet.load(sys.argv[1], threads=2)\n"
            "x = numpy.zeros(net.input_shape, numpy.float32)\n"
            "running = threading.Event()\n"
            "def work():\n"
            "    try:\n"
            "        while True:\n"
            "            net.run(x)\n"
            "            running.set()\n"
            "    except hardnet.InvalidArgument:  # closed\n"
            "        pass\n"
            "threading.Thread(target=work, daemon=True).start()\n"
            "running.wait()\n"
            "print('done')\n"
        )

    def test_exit_in_a_forked_child(self):
        self.expect_done(
            "import hardnet, os, sys, warnings\n"
            "warnings.simplefilter('ignore')  # of forks beside threads, since Python 3.12\n"
            "net = hardnet.load(sys.argv[1], threads=2)\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            "    sys.exit(0)\n"
            "assert os.waitpid(child, 0)[1] == 0\n"
            "print('done')\n"
        )
