"""What int16 and int8 cost: networks with seeded weights beside plain double operators, and trained ones by what they are trained for.

Prints a table as docs/precision.md has it. Exit status: 0; 1 where a bound or a metric does not hold; 2 for a wrong option."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_ERROR = {"int16": 6e-3, "int8": 5e-2}  # relative RMS of outputs, seeded weights
LEAST_SHARE = 0.9  # of multiply-adds of integers
SMALLER_SHARES = {"mobilenetv2": 0.87}  # depthwise layers, the stem and the classifier are float32
MOST_LOST = {"int16": 0.002, "int8": 0.01}  # of a metric
PICTURES, CALIBRATION = 500, 64  # generated; their seeds are not those that the networks were trained with
EXAMPLES = """examples:
  scripts/precision.sh                              all built-in networks at small sizes, then the trained ones
  scripts/precision.sh hardnet68:224x224 resnet50:96x96
  scripts/precision.sh --precision int8 --trained   the trained ones alone, in int8
"""
# Of networks whose names begin so, the first that fits: their own, the least, or what leaves hundreds of layers a few minutes.
SIZES = {"hardnet39ds": "224x224", "hardnet68": "224x224", "hardnet85": "96x96", "hardnet": "64x64", "fchardnet70": "128x128",
         "fc": "64x64", "densenet": "64x64", "centernet": "128x128", "ssd512": "288x288", "vgg16": "224x224", "": "96x96"}


def hardnet(*words):
    done = subprocess.run([str(ROOT / "build/hardnet"), *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def compiled(folder, *words):
    code, _, err = hardnet("compile", *words, "-o", folder)
    if code:
        raise SystemExit(f"precision: {err.strip()}")


def best_level():
    """Of this CPU: the one that verify runs, and all that it needs kernels of."""
    return next(level["name"] for level in json.loads(hardnet("doctor", "--json")[1])["levels"] if level["runs"])


def shares_of(folder):
    """Of the multiply-adds those in int16 and in int8."""
    layers = json.loads(hardnet("inspect", folder, "--layers", "--format", "json")[1])["layers"]
    all_macs = sum(layer["macs"] for layer in layers)
    return [sum(layer["macs"] for layer in layers if precision in layer["algorithm"].split()) / all_macs
            for precision in ("int16", "int8")]


def seeded(name, size, precision, scratch):
    """A row of the table, and whether it holds."""
    folder = f"{scratch}/seeded"
    code, _, err = hardnet("compile", name, "--weights", "seed:1", "--input", size, "--target", best_level(),
                           "--precision", precision, "--calibrate", "seed:1", "-o", folder)
    if code:
        return f"| {name} {size} | {err.strip().removeprefix('hardnet: ')} | | |", False
    hardnet("verify", folder)
    report = json.loads(pathlib.Path(folder, "verify.json").read_text())
    error, shares = max(output["relative_rms"] for output in report["outputs"]), shares_of(folder)
    return (f"| {name} {size} | {error:.1e} | {100 * shares[0]:.1f} % | {100 * shares[1]:.1f} % |",
            error <= MOST_ERROR[precision] and sum(shares) >= SMALLER_SHARES.get(name, LEAST_SHARE))


def write_shapes(folder, seed, count):
    sys.path.insert(0, str(ROOT / "tools/train"))
    import shapes
    from PIL import Image
    for kind in ("pictures", "masks"):
        pathlib.Path(folder, kind).mkdir(parents=True)
    images = []
    for i, picture in enumerate(shapes.pictures(seed, count)):
        Image.fromarray(picture.image).save(f"{folder}/pictures/{i:03}.png")
        Image.fromarray(picture.mask).save(f"{folder}/masks/{i:03}.png")
        images.append({"file": f"{i:03}.png",
                       "boxes": [{"class": int(box[0]), "box": [float(v) for v in box[1:]]} for box in picture.boxes]})
    pathlib.Path(folder, "boxes.json").write_text(json.dumps({"images": images}))


def trained(name, precision, calibration, pictures, truth, scratch):
    model = [ROOT / f"models/{name}.json", "--weights", ROOT / f"tools/train/{name}.safetensors"]
    plain, rounded = f"{scratch}/{name}", f"{scratch}/{name}-{precision}"
    compiled(plain, *model)
    compiled(rounded, *model, "--precision", precision, "--calibrate", calibration)
    code, out, err = hardnet("verify", rounded, "--pictures", pictures, "--against", plain, *truth)
    if code not in (0, 1):
        raise SystemExit(f"precision: {err.strip()}")
    agreement = json.loads(pathlib.Path(rounded, "verify.json").read_text())["agreement"]
    score = agreement["scores"][0]
    holds = score["with_truth"] >= score["other_with_truth"] - MOST_LOST[precision]
    percent = lambda value: f"{100 * value:.2f} %"
    return (f"| {name}, {agreement['pictures']} pictures | {score['name']} {percent(score['with_other'])} "
            f"| {percent(score['with_truth'])} | {percent(score['other_with_truth'])} |"), holds


def all_networks():
    records = json.loads(hardnet("list", "--json")[1])
    return [f"{record['name']}:{next(size for start, size in SIZES.items() if record['name'].startswith(start))}"
            for record in records]


def main():
    parser = argparse.ArgumentParser(prog="scripts/precision.sh", description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NAME:HxW", help="default: all, at small sizes")
    parser.add_argument("--precision", choices=MOST_ERROR, default="int16")
    parser.add_argument("--trained", action="store_true", help="no seeded networks")
    options = parser.parse_args()
    held = []
    with tempfile.TemporaryDirectory() as scratch:
        if not options.trained:
            print("| network | relative RMS of outputs | in int16 | in int8 |\n|---|---|---|---|", flush=True)
            for network in options.networks or all_networks():
                row, holds = seeded(*network.split(":"), options.precision, scratch)
                print(row if holds else row + " beyond the bound", flush=True)
                held.append(holds)
        if options.trained or not options.networks:
            write_shapes(f"{scratch}/shapes", 7001, PICTURES)
            write_shapes(f"{scratch}/calibration", 7002, CALIBRATION)
            shown, others = f"{scratch}/shapes", f"{scratch}/calibration/pictures"
            digits = ROOT / "tools/train/digits"
            print(f"\n| trained network | {options.precision} beside float32 | beside the truth | float32 |\n|---|---|---|---|", flush=True)
            for case in (("digits", digits, digits, []),
                         ("shapes_segmenter", others, f"{shown}/pictures", ["--truth", f"{shown}/masks"]),
                         ("shapes_detector", others, f"{shown}/pictures", ["--truth", f"{shown}/boxes.json"])):
                row, holds = trained(case[0], options.precision, *case[1:], scratch)
                print(row if holds else row + " lost", flush=True)
                held.append(holds)
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
