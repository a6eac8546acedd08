"""Exports networks by both of PyTorch's exporters, compiles and runs the files, and prints how far the outputs are from
PyTorch's in double, ONNX Runtime's beside them: progress on stderr, at the end one table, as Markdown has it. Exit code 1
where a figure is above the bound or a file is refused, 2 for usage."""
import argparse
import dataclasses
import math
import pathlib
import sys
import tempfile
import time

import torch

import exporters
from networks import NETWORKS, registry

BOUND = 1e-5  # relative RMS of the worst output; float32 itself is at 1e-6 of these networks


@dataclasses.dataclass
class Row:
    network: str
    exporter: str
    opset: int = 0
    ours: float = float("nan")
    runtime: float = float("nan")  # ONNX Runtime's
    refusal: str = ""              # what went wrong
    only_read: bool = False

    def fails(self):
        return bool(self.refusal) or not (self.only_read or self.ours <= BOUND)

    def result(self):
        if self.refusal or self.only_read:
            return self.refusal or "read"
        return f"{self.ours:.1e}" + (", above the bound" if self.fails() else "")


def exported(name, exporter, folder):
    """The file, which is made unless it is there, its image and PyTorch's outputs in double."""
    network = NETWORKS[name]
    path = folder / f"{name}.{exporter}.onnx"
    image = registry.image_of(*network.size, 2)
    model = network.seeded()
    expected = [o.numpy() for o in registry.outputs_of(model, image)]
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=folder) as whole:  # half a file is none
            exporters.export(model.float(), image.float(), exporter, pathlib.Path(whole, path.name))
            for file in sorted(pathlib.Path(whole).iterdir(), reverse=True):  # the file behind its data
                file.rename(folder / file.name)
    return path, image.float().numpy(), expected


def row_of(arguments, name, exporter):
    row = Row(name, exporter, only_read=arguments.only_read)
    try:
        path, image, expected = exported(name, exporter, arguments.folder)
        row.opset = exporters.opset_of(path)
        if row.only_read:
            exporters.hardnet(arguments.program, "inspect", path)
            return row
        row.runtime = exporters.relative_rms(exporters.by_onnxruntime(path, image), expected)
        package = arguments.folder / f"{name}.{exporter}.package"
        exporters.compiled(arguments.program, path, package)
        row.ours = exporters.relative_rms(
            exporters.by_package(arguments.program, package, image, arguments.folder / "tensors"), expected)
    except RuntimeError as refusal:
        row.refusal = "refused: " + str(refusal)
    return row


def rows_of(arguments, cases):
    begun = time.monotonic()
    rows = []
    for number, (name, exporter) in enumerate(cases, 1):
        print(f"{number} of {len(cases)}: {name}, {exporter}: ", end="", file=sys.stderr, flush=True)
        rows.append(row_of(arguments, name, exporter))
        left = (time.monotonic() - begun) / number * (len(cases) - number)
        print(f"{rows[-1].result()}; about {left / 60:.0f} min left", file=sys.stderr, flush=True)
    return rows


def print_table(rows):
    print("| network | size | exporter | opset | hardnet | ONNX Runtime |\n|---|---|---|---|---|---|")
    for row in rows:
        size = "x".join(map(str, NETWORKS[row.network].size))
        runtime = "" if math.isnan(row.runtime) else f"{row.runtime:.1e}"
        print(f"| {row.network} | {size} | {row.exporter} | {row.opset or ''} | {row.result()} | {runtime} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of networks; all unless told: " + ", ".join(NETWORKS))
    parser.add_argument("--exporter", choices=exporters.EXPORTERS, help="one of the two")
    parser.add_argument("--folder", type=pathlib.Path, default="build/onnx-export",
                        help="for files, which are kept for the next time, and packages; made where there is none")
    parser.add_argument("--program", default="build/hardnet")
    parser.add_argument("--only-read", action="store_true", help="whether each file is read, and no more")
    arguments = parser.parse_args()
    unknown = [n for n in arguments.names if n not in NETWORKS]
    if unknown:
        parser.error(f"network: expected one of those below, found {unknown[0]}\n" + "\n".join(NETWORKS))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(exporters.THREADS)
    used = [arguments.exporter] if arguments.exporter else exporters.EXPORTERS
    rows = rows_of(arguments, [(n, e) for n in arguments.names or NETWORKS for e in used])
    print_table(rows)
    failed = sum(row.fails() for row in rows)
    print(f"\n{len(rows) - failed} {'read' if arguments.only_read else f'within {BOUND:.0e}'}, {failed} not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
