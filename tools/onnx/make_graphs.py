"""Writes tests/onnx/graphs/: what both exporters make of networks, with the weights and the names taken out. Every tensor of more
than a few elements becomes one of a file beside the model, `weights`, from its start on: a reader is given a file that is long
enough. Nodes have no names, tensors but inputs and outputs are t1, t2....

    build/onnx-export/venv/bin/python tools/onnx/make_graphs.py [NETWORK...]
"""
import argparse
import pathlib
import tempfile

import onnx
import torch

import exporters
from networks import NETWORKS

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "onnx" / "graphs"
NAMES = ["hardnet39ds", "hardnet68", "fchardnet70", "hardnet_mseg", "kingnet53",
         *(name for name in NETWORKS if name.startswith(("pytorchcv_", "torchvision_")))]
SIZES = {"fchardnet70": (96, 128)}  # where it is not the one that networks are compared at
KEPT = 8  # elements of a tensor that stays: shapes, bounds and scales
MOST_BYTES = 1 << 20  # of all graphs: they are read from the repository, not made


def take_weights_out(graph):
    for tensor in graph.initializer:
        elements = 1
        for extent in tensor.dims:
            elements *= extent
        if elements > KEPT or tensor.data_location == onnx.TensorProto.EXTERNAL:
            name, dims, kind = tensor.name, list(tensor.dims), tensor.data_type
            tensor.Clear()
            tensor.name, tensor.data_type, tensor.data_location = name, kind, onnx.TensorProto.EXTERNAL
            tensor.dims.extend(dims)
            for key, value in (("location", "weights"), ("offset", "0"), ("length", str(4 * elements))):
                tensor.external_data.add(key=key, value=value)


def take_names_out(graph):
    """And what else exporters say of where nodes come from, which is most of a graph."""
    numbers = {name: name for name in ["", *(value.name for value in [*graph.input, *graph.output])]}

    def number(name):
        return numbers.setdefault(name, f"t{len(numbers)}")

    for tensor in graph.initializer:
        tensor.name = number(tensor.name)
    for node in graph.node:
        node.input[:], node.output[:] = map(number, node.input), map(number, node.output)
        for field in ("name", "doc_string", "metadata_props"):
            node.ClearField(field)
    for value in [*graph.input, *graph.output]:
        value.ClearField("metadata_props")
    for field in ("value_info", "metadata_props"):
        graph.ClearField(field)


def graph_of(path):
    model = onnx.load(path, load_external_data=False)
    take_weights_out(model.graph)
    take_names_out(model.graph)
    model.ClearField("metadata_props")
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    for name in parser.parse_args().names or NAMES:
        network = NETWORKS[name]
        model, image = network.make().eval(), torch.zeros(1, 3, *SIZES.get(name, network.size))
        for exporter in exporters.EXPORTERS:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, name + ".onnx")
                exporters.export(model, image, exporter, path)
                onnx.save(graph_of(path), FOLDER / f"{name}.{exporter}.onnx")
    found = sum(file.stat().st_size for file in FOLDER.iterdir())
    if found > MOST_BYTES:
        parser.error(f"{FOLDER}: expected at most {MOST_BYTES} bytes of graphs, found {found}")


if __name__ == "__main__":
    main()
