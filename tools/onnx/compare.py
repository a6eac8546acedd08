"""Exports networks by both of PyTorch's exporters, compiles and runs the files, and prints how far the outputs are from
PyTorch's in double, ONNX Runtime's beside them: a line per file. Exit code 1 where a figure is above the bound."""
import argparse
import pathlib
import sys

import numpy as np
import torch

import exporters
from networks import NETWORKS, registry

BOUND = 1e-5  # relative RMS of the worst output; float32 itself is at 1e-6 of these networks


def exported(name, exporter, folder):
    """The file, which is made unless it is there, its image and PyTorch's outputs in double."""
    network = NETWORKS[name]
    path = folder / f"{name}.{exporter}.onnx"
    image = registry.image_of(*network.size, 2)
    model = network.seeded()
    expected = [o.numpy() for o in registry.outputs_of(model, image)]
    if not path.exists():
        exporters.export(model.float(), image.float(), exporter, path)
    return path, image.float().numpy(), expected


def figures(arguments, name, exporter):
    """Relative RMS of the package and of ONNX Runtime, or what went wrong."""
    path, image, expected = exported(name, exporter, arguments.folder)
    if arguments.only_read:
        exporters.hardnet(arguments.program, "inspect", path)
        return "read"
    runtime = exporters.relative_rms(exporters.by_onnxruntime(path, image), expected)
    package = arguments.folder / f"{name}.{exporter}.package"
    exporters.compiled(arguments.program, path, package)
    ours = exporters.relative_rms(
        exporters.by_package(arguments.program, package, image, arguments.folder / "tensors"), expected)
    return ours, runtime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of networks; all unless told: " + ", ".join(NETWORKS))
    parser.add_argument("--exporter", choices=exporters.EXPORTERS, help="one of the two")
    parser.add_argument("--folder", type=pathlib.Path, default="build/onnx-export", help="for files and packages")
    parser.add_argument("--program", default="build/hardnet")
    parser.add_argument("--only-read", action="store_true", help="whether each file is read, and no more")
    arguments = parser.parse_args()
    unknown = [n for n in arguments.names if n not in NETWORKS]
    if unknown:
        parser.error(f"network: expected one of those below, found {unknown[0]}\n" + "\n".join(NETWORKS))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(exporters.THREADS)
    counts = {"compared": 0, "too far": 0, "refused": 0}
    print(f"{'network':30}{'exporter':13}{'hardnet':>10}{'ONNX Runtime':>15}", flush=True)
    for name in arguments.names or NETWORKS:
        for exporter in [arguments.exporter] if arguments.exporter else exporters.EXPORTERS:
            start = f"{name:30}{exporter:13}"
            try:
                found = figures(arguments, name, exporter)
            except RuntimeError as refusal:
                print(start + " refused: " + str(refusal), flush=True)
                counts["refused"] += 1
                continue
            if found == "read":
                print(start + " read", flush=True)
                continue
            far = not found[0] <= BOUND
            counts["too far" if far else "compared"] += 1
            print(f"{start}{found[0]:10.1e}{found[1]:15.1e}{'  above the bound' if far else ''}", flush=True)
    print(f"{counts['compared']} within {BOUND:.0e}, {counts['too far']} above, {counts['refused']} refused")
    return 1 if counts["too far"] else 0


if __name__ == "__main__":
    sys.exit(main())
