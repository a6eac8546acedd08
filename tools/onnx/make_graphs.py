"""Writes tests/onnx/graphs/: what both exporters make of networks, with the weights taken out. Every tensor of more than a few
elements becomes one of a file beside the model, `weights`, from its start on: a reader is given a file that is long enough.

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
GRAPHS = {"hardnet39ds": (64, 64), "hardnet68": (64, 64), "fchardnet70": (96, 128)}
KEPT = 64  # elements of a tensor that stays: shapes and bounds


def without_weights(path):
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
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
    del model.graph.value_info[:]
    del model.metadata_props[:]
    for node in model.graph.node:  # where in the exporter's source they came from
        node.doc_string = ""
        del node.metadata_props[:]
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    for name in parser.parse_args().names or GRAPHS:
        model, image = NETWORKS[name].make().eval(), torch.zeros(1, 3, *GRAPHS[name])
        for exporter in exporters.EXPORTERS:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, name + ".onnx")
                exporters.export(model, image, exporter, path)
                onnx.save(without_weights(path), FOLDER / f"{name}.{exporter}.onnx")


if __name__ == "__main__":
    main()
