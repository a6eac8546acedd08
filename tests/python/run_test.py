"""Net.run: arrays to arrays, in place."""

import os
import tracemalloc

import numpy
from packages import BATCH, FOLDER, TestCase, package, program

import hardnet


def images(net, count=BATCH):
    shape = (count,) + net.input_shape[1:]
    return numpy.random.default_rng(1).standard_normal(shape, numpy.float32)


class DlPack:
    """What another library's array is to numpy."""

    def __init__(self, array, device=1):
        self.array, self.device = array, device

    def __dlpack__(self, stream=None):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return (self.device, 0)


class Elsewhere(DlPack):
    """An array that DLPack has no words for."""

    def __dlpack_device__(self):
        raise ValueError("unknown")


class Run(TestCase):
    def test_describes_itself(self):
        with hardnet.load(package("shapes_detector"), threads=1) as net:
            self.assertEqual(
                (net.name, net.task, net.batch, net.threads), ("shapes_detector", "detection", 2, 1)
            )
            self.assertEqual(net.input_shape, (2, 3, 128, 128))
            self.assertEqual(net.output_shapes, {"loc": (2, 1920, 4), "conf": (2, 1920, 5)})
            self.assertEqual(net.class_names, ["background", "disc", "square", "triangle", "star"])
            self.assertEqual(net.classes, 5)

    def test_equals_the_program(self):
        for name in ("digits", "shapes_segmenter", "shapes_detector"):
            with self.subTest(name), hardnet.load(package(name)) as net:
                x = images(net, 3)  # a batch and a half
                numpy.save(os.path.join(FOLDER, "in.npy"), x)
                ran = program(
                    "run",
                    package(name),
                    "--tensor",
                    os.path.join(FOLDER, "in.npy"),
                    "-o",
                    os.path.join(FOLDER, "out.npy"),
                )
                self.assertEqual(ran.returncode, 0, ran.stderr)
                found = net.run(x)
                names = ["out.npy"] if len(net.output_shapes) == 1 else ["out0.npy", "out1.npy"]
                for y, file in zip([found] if len(names) == 1 else found, names):
                    self.assertTrue(numpy.array_equal(y, numpy.load(os.path.join(FOLDER, file))))

    def test_writes_into_out(self):
        with hardnet.load(package("shapes_detector")) as net:
            x = images(net)
            expected = net.run(x)
            out = tuple(numpy.full(shape, numpy.nan, numpy.float32) for shape in net.output_shapes.values())
            self.assertIs(net.run(x, out=out), out)
            for y, right in zip(out, expected):
                self.assertTrue(numpy.array_equal(y, right))

    def test_copies_nothing(self):
        with hardnet.load(package("shapes_segmenter")) as net:
            x = images(net)  # 393216 bytes, and the output has 655360
            y = net.run(x)
            tracemalloc.start()
            try:
                net.run(x, out=y)
                before = tracemalloc.get_traced_memory()[0]
                tracemalloc.reset_peak()
                net.run(x, out=y)
                peak = tracemalloc.get_traced_memory()[1] - before
            finally:
                tracemalloc.stop()
            self.assertLess(peak, 4096)  # Python's own objects

    def test_keeps_nothing(self):
        """A later run does not write to what an earlier one was given, nor is held up by it."""
        with hardnet.load(package("digits")) as net:
            memory = numpy.zeros(numpy.prod(net.input_shape) + 2 * BATCH * 10, numpy.float32)
            x, first = memory[: -2 * BATCH * 10].reshape(net.input_shape), memory[-BATCH * 10 :].reshape(
                BATCH, 10
            )
            x[:] = images(net)
            expected = net.run(x, out=first).copy()
            first[:] = 7
            moved = memory[2 * BATCH * 10 :].reshape(net.input_shape)  # where the output was
            moved[:] = images(net)
            self.assertTrue(numpy.array_equal(net.run(moved), expected))
            self.assertTrue(numpy.array_equal(moved, images(net)))

    def test_takes_what_others_make(self):
        with hardnet.load(package("digits")) as net:
            x = images(net)
            expected = net.run(x)
            read_only = x.copy()
            read_only.flags.writeable = False
            for given in (memoryview(x), DlPack(x), read_only):
                self.assertTrue(numpy.array_equal(net.run(given), expected))
            y, z = numpy.zeros_like(expected), numpy.zeros_like(expected)
            net.run(x, out=DlPack(y))
            net.run(x, out=memoryview(z))
            self.assertTrue(numpy.array_equal(y, expected) and numpy.array_equal(z, expected))

    def test_any_number_of_images(self):
        with hardnet.load(package("digits")) as net:
            x = images(net, 5)
            singles = numpy.concatenate([net.run(x[i : i + 1]) for i in range(5)])
            out = numpy.zeros((5, 10), numpy.float32)
            net.run(x, out=out)
            others = numpy.zeros_like(out)
            net.run(x, out=DlPack(others))
            self.assertTrue(numpy.array_equal(others, singles))
            self.assertTrue(numpy.array_equal(net.run(x), singles) and numpy.array_equal(out, singles))

    def test_same_bits_on_any_number_of_threads(self):
        with hardnet.load(package("digits"), threads=1) as one, hardnet.load(
            package("digits"), threads=2
        ) as two:
            self.assertTrue(numpy.array_equal(one.run(images(one)), two.run(images(one))))


class Refusals(TestCase):
    def setUp(self):
        self.net = hardnet.load(package("digits"), threads=1)
        self.x = images(self.net)

    def tearDown(self):
        self.net.close()

    def expect_invalid(self, line, *arguments, **named):
        self.expect(hardnet.InvalidArgument, line, self.net.run, *arguments, **named)

    def test_inputs(self):
        x = self.x
        self.expect_invalid(
            "input 0: expected shape [2,3,32,32], found [2,3,32,31]", numpy.ascontiguousarray(x[..., 1:])
        )
        self.expect_invalid("input 0: expected rank 4, found 3", x[0])
        self.expect_invalid("input 0: expected float32, found float64", x.astype(float))
        self.expect_invalid("input 0: expected float32, found >f4", x.astype(">f4"))
        self.expect_invalid("input 0: expected dense strides, found others", x.transpose(0, 1, 3, 2))
        self.expect_invalid("input 0: expected memory of the CPU, found DLPack's device 2", DlPack(x, 2))
        self.expect_invalid(
            "input 0: expected an array, DLPack or a buffer, found list: memoryview: a bytes-like object "
            "is required, not 'list'",
            x.tolist(),
        )
        self.expect_invalid(
            "input 0: expected an array, DLPack or a buffer, found Elsewhere: unknown", Elsewhere(x)
        )
        odd = numpy.empty(x.nbytes + 1, numpy.uint8)[1:].view(numpy.float32).reshape(x.shape)
        with self.assertRaisesRegex(
            hardnet.InvalidArgument, "^hardnet_digits: input 0: expected memory aligned to 4, found 0x"
        ):
            self.net.run(odd)

    def test_outputs(self):
        self.expect_invalid("output 0: expected shape [2,10], found [1,10]", self.x, numpy.zeros((1, 10), "f4"))
        self.expect_invalid("output 0: expected float32, found float64", self.x, numpy.zeros((2, 10)))
        self.expect_invalid("out: expected 1 arrays, found 2", self.x, (numpy.zeros((2, 10), "f4"),) * 2)
        locked = numpy.zeros((2, 10), "f4")
        locked.flags.writeable = False
        self.expect_invalid(
            "output 0: expected memory that can be written, found a read-only array", self.x, locked
        )
        self.expect_invalid(
            "hardnet_digits: output 0: expected memory of its own, found an overlap with input 0",
            self.x,
            self.x.reshape(-1)[:20].reshape(2, 10),
        )

    def test_goes_on_behind_a_refusal(self):
        expected = self.net.run(self.x)
        with self.assertRaises(hardnet.InvalidArgument):
            self.net.run(self.x[0])
        self.assertTrue(numpy.array_equal(self.net.run(self.x), expected))

    def test_closed(self):
        self.net.close()
        self.net.close()
        line = "hardnet_digits: expected an open net, found one that is closed"
        self.expect_invalid(line, self.x)
        self.expect(hardnet.InvalidArgument, line, self.net, "a.png")
