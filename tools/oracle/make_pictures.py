#!/usr/bin/python3
"""Makes small pictures of every kind that is read, and what PIL makes of them; tests/vision/pictures_test.cpp compares.

Needs Debian's python3-pil and python3-numpy. Writes tests/data/pictures/<name>.<kind> and, as RGB and upright,
tests/golden/pictures/<name>.png, as grey <name>_grey.png and, of those that one sees through, as <name>_alpha.png.
"""

import pathlib
import struct

import numpy
import PIL.Image
import PIL.ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURES = ROOT / "tests" / "data" / "pictures"
GOLDENS = ROOT / "tests" / "golden" / "pictures"
ORIENTATION = 0x0112


def picture(width=11, height=7, channels=3):
    """Smooth, so that JPEG keeps it, and unlike itself under every turn and flip."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [20 * x + 3 * y, 30 * y + 2 * x, 200 - 10 * x - 8 * y, 15 * x + 9 * y]
    return numpy.stack(planes[:channels], axis=2).clip(0, 255).astype(numpy.uint8)


def finish(name, path):
    """PIL's reading of what was written, as the golden."""
    upright = PIL.ImageOps.exif_transpose(PIL.Image.open(path))
    upright.convert("RGB").save(GOLDENS / f"{name}.png")
    upright.convert("L").save(GOLDENS / f"{name}_grey.png")
    alpha = upright.convert("RGBA").getchannel("A")
    if alpha.getextrema() != (255, 255):
        alpha.save(GOLDENS / f"{name}_alpha.png")


def save(name, kind, image, **how):
    path = PICTURES / f"{name}.{kind}"
    image.save(path, **how)
    finish(name, path)
    return path


def exif(orientation, endian=">"):
    tags = PIL.Image.Exif()
    tags.endian = endian
    tags[0x010E] = "a camera"  # a tag before the one that is read, with its text behind the directory
    tags[ORIENTATION] = orientation
    return tags


def make_oriented():
    image = PIL.Image.fromarray(picture())
    for orientation in range(1, 9):
        save(f"turned_{orientation}", "jpg", image, exif=exif(orientation), quality=90)
    save("turned_png_6", "png", image, exif=exif(6, "<"))


def without_segment(jpeg, marker):
    at = jpeg.index(bytes([0xFF, marker]))
    return jpeg[:at] + jpeg[at + 2 + int.from_bytes(jpeg[at + 2:at + 4], "big"):]


def make_cmyk():
    path = save("cmyk_adobe", "jpg", PIL.Image.fromarray(picture(channels=4), "CMYK"), quality=90)
    jpeg = path.read_bytes()
    adobe = jpeg.index(b"Adobe")
    for name, changed in [
        ("cmyk_plain", without_segment(jpeg, 0xEE)),
        ("ycck", jpeg[:adobe + 11] + b"\x02" + jpeg[adobe + 12:]),  # the same planes, taken for another space's
    ]:
        path = PICTURES / f"{name}.jpg"
        path.write_bytes(changed)
        finish(name, path)


def make_webp():
    image, see_through = PIL.Image.fromarray(picture()), PIL.Image.fromarray(picture(channels=4), "RGBA")
    save("lossy", "webp", image, quality=80)
    save("lossless", "webp", image, lossless=True)
    save("see_through", "webp", see_through, lossless=True, exact=True)
    save("turned_webp_8", "webp", image, quality=80, exif=exif(8))
    PIL.Image.fromarray(picture()).save(PICTURES / "animation.webp", save_all=True, lossless=True,
                                        append_images=[PIL.Image.fromarray(255 - picture())])  # refused


def make_see_through():
    """PNGs of each kind that has alpha, and of those that make one colour or a palette's entries transparent."""
    four, grey = PIL.Image.fromarray(picture(channels=4), "RGBA"), PIL.Image.fromarray(picture()[:, :, 0])
    save("alpha_colors", "png", four)
    save("alpha_turned_6", "png", four, exif=exif(6))
    save("alpha_grey", "png", PIL.Image.merge("LA", [grey, four.getchannel("A")]))
    image = PIL.Image.fromarray(picture())
    palette = image.quantize(50)
    save("alpha_palette", "png", palette, transparency=bytes(range(0, 250, 5)))
    save("alpha_key", "png", image, transparency=image.getpixel((4, 3)))
    save("alpha_grey_key", "png", grey, transparency=grey.getpixel((4, 3)))
    pixels = numpy.asarray(four)[::-1, :, [2, 1, 0, 3]]  # a BMP whose header says which bits are alpha
    masks = b"".join(mask.to_bytes(4, "little") for mask in (0xFF0000, 0xFF00, 0xFF, 0xFF000000))
    header = struct.pack("<IiiHHIIiiII", 108, four.width, four.height, 1, 32, 3, pixels.size, 0, 0, 0, 0)
    body = header + masks + bytes(108 - len(header) - len(masks)) + pixels.tobytes()
    path = PICTURES / "alpha_bits32.bmp"
    path.write_bytes(b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 14 + 108) + body)
    finish("alpha_bits32", path)


def top_first(bmp):
    """The same file with its rows the other way round."""
    pixels, height = int.from_bytes(bmp[10:14], "little"), int.from_bytes(bmp[22:26], "little")
    stride = (len(bmp) - pixels) // height
    rows = [bmp[pixels + y * stride:pixels + (y + 1) * stride] for y in range(height)]
    return bmp[:22] + (-height).to_bytes(4, "little", signed=True) + bmp[26:pixels] + b"".join(reversed(rows))


def make_bmp():
    image = PIL.Image.fromarray(picture())
    palette = image.quantize(50)
    for bits, stored in [(1, image.convert("1")), (8, palette), (24, image), (32, image.convert("RGBA"))]:
        path = save(f"bits{bits}", "bmp", stored)
        if bits > 1:
            top = PICTURES / f"bits{bits}_top_first.bmp"
            top.write_bytes(top_first(path.read_bytes()))
            finish(f"bits{bits}_top_first", top)


def main():
    for folder in (PICTURES, GOLDENS):
        folder.mkdir(parents=True, exist_ok=True)
    make_oriented()
    make_cmyk()
    make_webp()
    make_see_through()
    make_bmp()


if __name__ == "__main__":
    main()
