"""Nets on a device. Without a GPU these run on a stand-in for NVIDIA's driver, which interprets the kernels."""

import os

import numpy
from packages import FOLDER, ROOT, TestCase, package, program, weights_of
from run_test import images

import hardnet

STAND_IN = os.environ.get("HARDNET_STAND_IN_FOLDER")  # of the build's libcuda.so.1
MISSING = "device cuda: expected a level for it in hardnet_digits, found {} (compile it with --target cuda)"


def levels():
    return ", ".join(level["name"] for level in hardnet.inspect(package("digits"))["package"]["levels"])


class WithoutLevel(TestCase):
    """A package that was compiled for no GPU."""

    def test_is_refused(self):
        self.expect(
            hardnet.NoDevice,
            "hardnet_digits: " + MISSING.format(levels()),
            hardnet.load,
            package("digits"),
            device="cuda:1",
        )

    def test_auto_is_the_cpu(self):
        with hardnet.load(package("digits"), device="cpu") as net:
            expected = net.run(images(net))
        with self.assertLogs("hardnet", "WARNING") as logged:
            net = hardnet.load(package("digits"), device="auto")
        [record] = logged.records
        self.assertEqual(
            record.getMessage(),
            "hardnet_digits: device auto: " + MISSING.format(levels()) + ": running on the cpu",
        )
        with net:
            self.assertEqual(net.device, "cpu")
            self.assertTrue(numpy.array_equal(net.run(images(net)), expected))

    def test_names(self):
        for named in ({"device": "gpu"}, {"device": "cuda", "level": "avx2"}):
            with self.assertRaisesRegex(hardnet.InvalidArgument, "^hardnet_digits: (device|level): expected "):
                hardnet.load(package("digits"), **named)


class OnOpencl(TestCase):
    """A package that was compiled for OpenCL, where this machine has a device of it."""

    def test_gives_what_the_cpu_gives(self):
        folder = hardnet.compile(
            os.path.join(ROOT, "models/digits.json"),
            os.path.join(FOLDER, "digits_opencl"),
            weights=weights_of("digits"),
            target=["host", "opencl"],
        )
        with hardnet.load(folder) as net:
            x = images(net)
            expected = net.run(x)
        try:
            net = hardnet.load(folder, device="opencl")
        except hardnet.NoDevice as missing:
            self.skipTest(str(missing))
        with net:
            self.assertEqual(net.level, "opencl")
            self.assertRegex(net.device, "^opencl:[0-9]+$")
            self.assertLess(abs(net.run(x) - expected).max(), 1e-5 * abs(expected).max())


class WithLevel(TestCase):
    """One that was, on this machine's driver, if it has one."""

    @classmethod
    def setUpClass(cls):
        cls.folder = hardnet.compile(
            os.path.join(ROOT, "models/digits.json"),
            os.path.join(FOLDER, "digits_cuda"),
            weights=weights_of("digits"),
            target=["host", "cuda"],
            cubins="none",
        )

    def test_says_what_the_program_says(self):
        said = program("run", self.folder, os.path.join(ROOT, "tests/data/flower.jpg"), "--device", "cuda")
        if said.returncode == 0:
            with hardnet.load(self.folder, device="cuda") as net:
                self.assertEqual(net.device, "cuda:0")
        else:
            self.expect(
                hardnet.NoDevice,
                said.stderr[len("hardnet: ") : -1],
                hardnet.load,
                self.folder,
                device="cuda",
            )

    def run_on_stand_in(self, text, **variables):
        if STAND_IN is None:
            self.skipTest("HARDNET_STAND_IN_FOLDER names no stand-in for a driver, as the build's tests have it")
        text = "import hardnet, numpy, sys\nfolder = sys.argv[1]\n" + text
        return self.run_python(text, self.folder, LD_LIBRARY_PATH=STAND_IN, **variables)

    def test_runs_there(self):
        said = self.run_on_stand_in(
            "x = numpy.random.default_rng(1).standard_normal((1, 3, 32, 32), numpy.float32)\n"
            "expected = hardnet.load(folder).run(x)\n"
            "for device, where in ('cuda', 'cuda:0'), ('cuda:1', 'cuda:1'), ('auto', 'cuda:0'):\n"
            "    with hardnet.load(folder, device=device) as net:\n"
            "        out = numpy.empty_like(expected)\n"
            "        assert net.run(x, out=out) is out\n"
            "        assert (net.device, net.level) == (where, 'cuda')\n"
            "        print(abs(out - expected).max() < 1e-5 * abs(expected).max())\n"
        )
        self.assertEqual(said.split(), ["True"] * 3)

    def test_pictures_go_there(self):
        said = self.run_on_stand_in(
            f"picture = {os.path.join(ROOT, 'tests/data/flower.jpg')!r}\n"
            "for device in ('cpu', 'cuda'):\n"
            "    net = hardnet.load(folder, device=device)\n"
            "    print(net.device, *(one.index for one in net(picture).top))\n"
        )
        here, there = said.splitlines()
        self.assertEqual(here.replace("cpu", "cuda:0"), there)

    def test_failures_have_their_class(self):
        text = (
            "try:\n"
            "    net = hardnet.load(folder, device='cuda')\n"
            "    net.run(numpy.zeros(net.input_shape, numpy.float32))\n"
            "except hardnet.Error as error:\n"
            "    print(type(error).__name__, error.status, error)\n"
        )
        for fails, begins in (
            ("cuInit=100", "NoDevice 6 hardnet_digits: "),
            ("cuMemAlloc_v2=2", "DeviceOutOfMemory 7 hardnet_digits: "),
            ("cuGraphLaunch=719", "DeviceLost 8 hardnet_digits: "),
        ):
            with self.subTest(fails):
                said = self.run_on_stand_in(text, STAND_IN_FAILS=fails)
                self.assertEqual(said[: len(begins)], begins)
                self.assertIn("expected", said)

    def test_fork(self):
        said = self.run_on_stand_in(
            "import os, warnings\n"
            "warnings.simplefilter('ignore')  # of forks beside threads, since Python 3.12\n"
            "net = hardnet.load(folder, device='cuda')\n"
            "x = numpy.zeros(net.input_shape, numpy.float32)\n"
            "expected = net.run(x)\n"
            "child = os.fork()\n"
            "try:\n"
            "    print(os.waitpid(child, 0)[1] if child else 'child', numpy.array_equal(net.run(x), expected))\n"
            "except hardnet.DeviceLost:\n"
            "    net.close()\n"
        )
        self.assertEqual(said, "0 True\n")

    def test_auto_without_a_device(self):
        said = self.run_on_stand_in(
            "import logging\n"
            "logging.basicConfig(stream=sys.stdout)\n"
            "print(hardnet.load(folder, device='auto').device)\n",
            STAND_IN_FAILS="cuInit=100",
        )
        self.assertRegex(
            said, "^WARNING:hardnet:hardnet_digits: device auto: .*, found .*: running on the cpu\ncpu\n$"
        )
