"""Pictures to labels, masks and boxes, beside `hardnet run --json`."""

import json
import os
import shutil

import numpy
from packages import (
    FOLDER,
    PICTURES,
    ROOT,
    SHAPES,
    TestCase,
    folder_json,
    package,
    program,
    program_json,
    variant,
    weights_of,
)
from PIL import Image

import hardnet
from hardnet._library import Reading, Size
from hardnet._pictures import describe
from hardnet.results import result_of

FILES = [os.path.join(SHAPES, name) for name in sorted(os.listdir(SHAPES))[:5]]
TURNED = os.path.join(PICTURES, "turned_6.jpg")


def plain(result):
    """A result as the program's JSON has it."""
    if isinstance(result, hardnet.Labels):
        return [
            {"class": one.index, "name": one.name, "probability": one.probability, "logit": one.logit}
            for one in result.top
        ]
    if isinstance(result, hardnet.Masks):
        return [
            {"class": one.index, "name": one.name, "pixels": one.pixels, "share": one.share}
            for one in result.classes
        ]
    return [
        {"class": one.index, "name": one.name, "score": one.score, "box": list(one.box)} for one in result.boxes
    ]


def preprocessing(planes):
    return json.dumps({"resize_short": 0, "mean": [0.5] * planes, "deviation": [0.25] * planes})


def members(image):
    return image.get("top") or image.get("classes") or image["boxes"]


class Pictures(TestCase):
    def test_equal_the_program(self):
        for name in ("digits", "shapes_segmenter", "shapes_detector"):
            with self.subTest(name), hardnet.load(package(name)) as net:
                files = FILES + [TURNED]
                results = net(files)
                self.assertEqual(
                    [plain(one) for one in results], [members(image) for image in program_json(name, *files)]
                )
                self.assertEqual([plain(net(file)) for file in files], [plain(one) for one in results])
                self.assertTrue(all(plain(one) for one in results[:5]))

    def test_masks_equal_the_program(self):
        with hardnet.load(package("shapes_segmenter")) as net:
            for file in [FILES[0], TURNED]:
                [image] = program_json(
                    "shapes_segmenter", file, "--mask-ids", "-o", os.path.join(FOLDER, "masks")
                )
                ids = numpy.asarray(Image.open(image["ids"])).astype(numpy.uint16)
                mask = net(file).mask
                self.assertEqual((mask.dtype, mask.shape), (numpy.uint16, (image["height"], image["width"])))
                self.assertTrue(numpy.array_equal(mask, numpy.where(ids == 255, hardnet.Masks.UNSEEN, ids)))

    def test_sources_of_a_picture_are_equal(self):
        with hardnet.load(package("shapes_segmenter")) as net:
            expected = net(FILES[1])
            with open(FILES[1], "rb") as file:
                data = file.read()
            array = numpy.asarray(Image.open(FILES[1]).convert("RGB"))
            alpha = numpy.dstack([array, numpy.full(array.shape[:2], 9, numpy.uint8)])
            wide = numpy.zeros((array.shape[0], 2 * array.shape[1], 3), numpy.uint8)
            wide[:, ::2] = array
            for given in (
                data,
                bytearray(data),
                memoryview(data),
                Image.open(FILES[1]),
                array,
                alpha,
                wide[:, ::2],
            ):
                found = net(given)
                self.assertEqual(plain(found), plain(expected))
                self.assertTrue(numpy.array_equal(found.mask, expected.mask))

    def test_grey(self):
        grey = numpy.arange(64 * 48, dtype=numpy.uint32).reshape(64, 48).astype(numpy.uint8)
        with hardnet.load(package("digits")) as net:
            expected = plain(net(numpy.dstack([grey] * 3)))
            self.assertEqual(plain(net(grey)), expected)
            self.assertEqual(plain(net(Image.fromarray(grey))), expected)

    def test_orientation(self):
        with hardnet.load(package("shapes_segmenter")) as net:
            upright, stored = net(TURNED), net(TURNED, ignore_orientation=True)
            self.assertEqual(upright.mask.shape, stored.mask.shape[::-1])
            [image] = program_json("shapes_segmenter", TURNED, "--ignore-orientation")
            self.assertEqual(plain(stored), image["classes"])
            turned = Image.open(os.path.join(PICTURES, "turned_png_6.png"))
            self.assertEqual(plain(net(turned)), plain(net(turned.filename)))
            self.assertEqual(net(turned, ignore_orientation=True).mask.shape, turned.size[::-1])
            self.assertEqual(net(turned).mask.shape, turned.size)

    def test_options(self):
        with hardnet.load(package("digits")) as net:
            [image] = program_json("digits", FILES[0], "--top", "2")
            self.assertEqual(plain(net(FILES[0], top=2)), image["top"])
            self.assertEqual(len(net(FILES[0]).top), 5)
        with hardnet.load(package("shapes_detector")) as net:
            [image] = program_json("shapes_detector", FILES[0], "--threshold", "0.999")
            self.assertEqual(plain(net(FILES[0], threshold=0.999)), image["boxes"])
            self.assertLess(len(image["boxes"]), len(net(FILES[0]).boxes))

    def test_run_and_pictures_take_turns(self):
        """Pictures go through the net's own memory, whatever arrays were run before."""
        with hardnet.load(package("digits")) as net:
            expected = plain(net(FILES[0]))
            x = numpy.zeros(net.input_shape, numpy.float32)
            y = net.run(x)
            kept = y.copy()
            self.assertEqual(plain(net(FILES[0])), expected)
            self.assertTrue(numpy.array_equal(y, kept) and not x.any())

    def test_arrays_leave_the_nets_own_memory(self):
        """Neither is an input copied there, which is poisoned with a picture of another class, nor an output."""
        reading = Reading(0, -1)
        with hardnet.load(package("digits")) as net:
            x = numpy.zeros(net.input_shape, numpy.float32)
            expected, of_picture = net.run(x), plain(net(FILES[0]))
            self.assertNotEqual(of_picture[0]["logit"], expected[0].max())
            library, pointer, failure = net._library, net._handle.pointer, net._failure
            picture, _ = describe(FILES[0], False)

            def run_array():
                y = numpy.full_like(expected, numpy.nan)
                net.run(x, out=y)
                self.assertTrue(numpy.array_equal(y, expected))

            def run_own():
                library.hardnet_net_run(pointer, None, None, failure)

            for first, then in ((run_array, run_own), (run_own, run_array)):
                self.assertTrue(library.hardnet_net_put(pointer, 0, picture, Size(), failure))
                first()
                then()
                text = library.hardnet_net_read(pointer, 0, reading, None, failure)
                self.assertEqual(plain(result_of(json.loads(text), None)), of_picture)

    def test_networks_of_other_planes(self):
        """Grey and alpha, as files and as arrays of what PIL reads in them."""
        see_through = os.path.join(PICTURES, "alpha_colors.png")
        grey = variant("grey", "digits", input_planes="1", preprocessing=preprocessing(1))
        alpha = variant("alpha", "digits", input_planes="4", preprocessing=preprocessing(4))
        for folder in (grey, alpha):
            with self.subTest(folder), hardnet.load(folder) as net:
                [image] = folder_json(folder, see_through)
                for given in (see_through, Image.open(see_through), numpy.asarray(Image.open(see_through))):
                    self.assertEqual(plain(net(given)), image["top"])
                opaque = numpy.asarray(Image.open(see_through))[:, :, :3]
                self.assertEqual(plain(net(opaque)) == image["top"], net.input_shape[1] == 1)
        two = variant("two", "digits", input_planes="2", preprocessing=preprocessing(2))
        with hardnet.load(two) as net:
            line = "two: expected an array for run, found a picture for a network of 2 planes"
            self.expect(hardnet.UsageError, line, net, see_through)
            self.assertEqual(net.run(numpy.zeros((1, 2, 32, 32), "f4")).shape, (1, 10))

    def test_raw_tensors(self):
        """A network that states no meaning of its outputs."""
        folder = os.path.join(FOLDER, "tensors")
        shutil.copytree(package("digits"), folder)
        path = os.path.join(folder, "hardnet_digits.json")
        with open(path) as file:
            manifest = json.load(file)
        manifest["task"] = "tensor"
        with open(path, "w") as file:
            json.dump(manifest, file)
        with hardnet.load(folder) as net:
            self.assertEqual(net.task, "raw tensors")
            line = "hardnet_digits: expected an array for run, found a picture for a network of raw tensors"
            self.expect(hardnet.UsageError, line, net, FILES[0])
            self.assertEqual(net.run(numpy.zeros(net.input_shape, "f4")).shape, (2, 10))

    def test_one_class(self):
        folder = variant("redness", "shapes_segmenter", classes="1", class_names='["red"]')
        with hardnet.load(folder) as net:
            shares = []
            for threshold in (0.3, 0.5, 0.7):
                [image] = folder_json(folder, FILES[0], "--threshold", str(threshold))
                found = net(FILES[0], threshold=threshold)
                self.assertEqual(plain(found), image["classes"])
                self.assertEqual(
                    {one.index: one.pixels for one in found.classes}.get(1, 0), int(found.mask.sum())
                )
                shares.append(int(found.mask.sum()))
            self.assertEqual(plain(net(FILES[0])), folder_json(folder, FILES[0])[0]["classes"])
            self.assertGreater(shares[0], shares[2])

    def test_mask_in_the_network(self):
        record = os.path.join(ROOT, "models/shapes_segmenter.json")
        folder = hardnet.compile(
            record, os.path.join(FOLDER, "mask"), weights=weights_of("shapes_segmenter"), mask=True
        )
        with hardnet.load(folder) as net, hardnet.load(package("shapes_segmenter")) as logits:
            self.assertEqual(net.output_shapes, {"mask": (1, 1, 128, 128)})
            self.assertTrue(numpy.array_equal(net(FILES[0]).mask, logits(FILES[0]).mask))

    def test_refusals(self):
        with hardnet.load(package("shapes_segmenter")) as net:
            for path in (os.path.join(FOLDER, "none.png"), __file__):
                said = program("run", package("shapes_segmenter"), path)
                self.assertEqual(said.returncode, hardnet.BadInput.code)
                self.expect(hardnet.BadInput, said.stderr[len("hardnet: ") : -1], net, path)
            invalid = hardnet.InvalidArgument
            self.expect(invalid, "picture: expected uint8, found float32", net, numpy.zeros((4, 4, 3), "f4"))
            self.expect(
                invalid,
                "picture: expected shape [height, width] or [height, width, 1, 3 or 4], found [3, 4, 5]",
                net,
                numpy.zeros((3, 4, 5), "u1"),
            )
            self.expect(
                invalid,
                "picture: expected a path, bytes, a PIL image or an array of uint8 [height, width, 3], "
                "found int",
                net,
                7,
            )
            self.expect(
                invalid, "picture: expected a PIL image of 8 bits, found mode F", net, Image.new("F", (4, 4))
            )
            self.expect(
                hardnet.UsageError,
                "top: expected a network for classification, found one for segmentation",
                net,
                FILES[0],
                top=3,
            )
            self.expect(
                hardnet.UsageError,
                "threshold: expected a network for detection or logits for segmentation of one "
                "class, found one for segmentation",
                net,
                FILES[0],
                threshold=0.5,
            )
            with self.assertRaisesRegex(hardnet.BadInput, "^bad image: bytes: expected "):
                net(b"no picture")
            self.expect(invalid, "path: expected one without a NUL, found 'a\\x00b'", net, "a\0b")
            self.expect(
                hardnet.BadInput,
                "bad image: bytes: expected a JPEG, PNG, WebP or BMP, found an empty file",
                net,
                b"",
            )
            self.assertEqual(net([]), [])
        with hardnet.load(package("shapes_detector")) as net:
            self.expect(
                hardnet.UsageError,
                "threshold: expected a number from 0 to 1, found 2",
                net,
                FILES[0],
                threshold=2,
            )
