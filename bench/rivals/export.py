#!/usr/bin/python3
"""Writes a network with seeded weights as other engines want it: ONNX, an input, the outputs in double precision.

    export.py hardnet68 --input 224x224 --seed 1 FOLDER

leaves FOLDER/model.onnx, input.f32 (NCHW), reference.f64 and about.json. Needs PyTorch (Debian: python3-torch).
"""

import argparse
import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/oracle"))
import registry  # noqa: E402  (found through the line above)
import seeded  # noqa: E402


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("model", choices=list(registry.NETWORKS))
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--input", default="224x224", help="HxW")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--batch", type=int, default=1, help="images per run")
    options = arguments.parse_args()
    height, width = map(int, options.input.split("x"))
    shape = (options.batch, 3, height, width)

    image = seeded.seeded_input(shape, options.seed)
    exact = registry.NETWORKS[options.model].seeded(options.seed)
    outputs = registry.outputs_of(exact, torch.from_numpy(image).double())
    reference = torch.cat([output.flatten() for output in outputs]).numpy()  # one behind another

    options.folder.mkdir(parents=True, exist_ok=True)
    image.tofile(options.folder / "input.f32")
    reference.tofile(options.folder / "reference.f64")
    torch.onnx.export(exact.float(), torch.from_numpy(image), str(options.folder / "model.onnx"), opset_version=13)
    about = {"model": options.model, "weights": f"seed:{options.seed}", "input_shape": shape}
    (options.folder / "about.json").write_text(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
