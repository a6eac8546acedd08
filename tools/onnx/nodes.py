"""Compiles ONNX's own tests of single operators, those in docs/onnx.md's table on float32 images, and compares their
outputs with the ones that the tests state. A line per test: passed, wrong or refused. Exit code 1 where one is wrong, or where
nodes_refused.txt, which gives each refusal's reason, lists others than those that are refused.

A network's input is one image of three planes that a convolution reads. So one is put in front of the tested node: it takes
each channel of the test's images from a place of its own in that image, exactly. What is no image becomes part of the model."""
import argparse
import collections
import math
import pathlib
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

import exporters

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPSET, IR = 22, 10  # the newest that are read; the tests use nothing that is newer
PLANES = 3
BOUND = 1e-5        # of the greatest value
BOUNDS = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 2e-4}  # it states four digits
TWO_IMAGES = {"Add", "Sub", "Mul", "Div", "Concat"}  # of others' inputs the first is an image
# The same with a batch of one in front, so that their tests on three dimensions are some of images, too.
ANY_RANK = TWO_IMAGES | {"Clip", "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu", "Relu", "Sigmoid", "Softmax"}


def operators():
    page = (ROOT / "docs" / "onnx.md").read_text().splitlines()
    return {line.split("|")[1].strip() for line in page if line.startswith("| ") and " to " in line}


def listed():
    lines = (pathlib.Path(__file__).parent / "nodes_refused.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def rank(info):
    """Of a float32 tensor; 0 of anything else."""
    kind = info.type.tensor_type
    return len(kind.shape.dim) if kind.elem_type == onnx.TensorProto.FLOAT else 0


def cases():
    """Those of one node with one output, on images."""
    names = operators()
    for case in collect_testcases(None):
        graph = case.model.graph if case.model else None
        if graph is None or len(graph.node) != 1 or len(graph.output) != 1 or not graph.input:
            continue
        node, ranks = graph.node[0], (rank(graph.input[0]), rank(graph.output[0]))
        images = ranks in {(4, 4), (4, 2)} or (ranks == (3, 3) and node.op_type in ANY_RANK)
        if images and node.domain == "" and node.op_type in names:
            yield case


def taken_apart(case):
    """The node, its images and its other inputs by name, and what it is to give."""
    graph, (inputs, outputs) = case.model.graph, case.data_sets[0]
    node = onnx.NodeProto()
    node.CopyFrom(graph.node[0])
    node.name = "tested"
    arrays = {info.name: np.asarray(value) for info, value in zip(graph.input, inputs)}
    expected = np.asarray(outputs[0])
    first = arrays[node.input[0]]
    batch = first.shape[:-3]
    names = node.input if node.op_type in TWO_IMAGES else node.input[:1]
    images = {name: arrays.pop(name) for name in dict.fromkeys(names)
              if arrays[name].ndim == first.ndim and arrays[name].shape[:-3] == batch}
    if not batch:
        images = {name: array[np.newaxis] for name, array in images.items()}
        expected = expected[np.newaxis]
        for attribute in node.attribute:
            if attribute.name == "axis" and attribute.i >= 0:
                attribute.i += 1
    return node, images, arrays, expected


def packed(images, sample):
    """One image of PLANES x (rows k) x (columns k) with each channel of all images at a place of its own in windows of k x k;
    k, and by name the weights that take an image out of it."""
    extents = {array.shape[2:] for array in images.values()}
    if len(extents) != 1:
        raise RuntimeError("images of several extents")
    rows, columns = extents.pop()
    channels = sum(array.shape[1] for array in images.values())
    k = max(3, math.isqrt(-(-channels // PLANES) - 1) + 1)
    image, weights, place = np.zeros((1, PLANES, rows, k, columns, k), np.float32), {}, 0
    for name, array in images.items():
        weights[name] = np.zeros((array.shape[1], PLANES, k, k), np.float32)
        for channel in range(array.shape[1]):
            plane, row, column = place // (k * k), place // k % k, place % k
            image[0, plane, :, row, :, column] = array[sample, channel]
            weights[name][channel, plane, row, column] = 1
            place += 1
    return image.reshape(1, PLANES, rows * k, columns * k), k, weights


def model_of(case, node, constants, shape, image, k, weights):
    convolutions = [helper.make_node("Conv", ["image", name + ".weight"], [name], name + ".taken", kernel_shape=[k, k],
                                     strides=[k, k]) for name in weights]
    known = [numpy_helper.from_array(weight, name + ".weight") for name, weight in weights.items()]
    known += [numpy_helper.from_array(array, name) for name, array in constants.items()]
    info = helper.make_tensor_value_info
    graph = helper.make_graph([*convolutions, node], case.name, [info("image", onnx.TensorProto.FLOAT, image.shape)],
                              [info(node.output[0], onnx.TensorProto.FLOAT, (1, *shape))], known)
    opset = next(o.version for o in case.model.opset_import if o.domain == "")
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", min(OPSET, opset))], ir_version=IR)


def distance(case, arguments):
    """From what the test states, in shares of its greatest value; images of a batch run one by one."""
    node, images, constants, expected = taken_apart(case)
    file, package, worst = arguments.folder / "model.onnx", arguments.folder / "package", 0.0
    for sample, values in enumerate(expected):
        image, k, weights = packed(images, sample)
        if sample == 0:
            onnx.save(model_of(case, node, constants, values.shape, image, k, weights), file)
            if arguments.only_read:
                exporters.hardnet(arguments.program, "inspect", file)
                return 0
            exporters.compiled(arguments.program, file, package)
        found = exporters.by_package(arguments.program, package, image, arguments.folder / "tensors")[0].ravel()
        if found.size != values.size:
            return math.inf
        difference = np.abs(found.astype(np.float64) - values.ravel()).max()
        worst = max(worst, float(difference / max(np.abs(values).max(), 1e-30)))
    return worst


def outcome(case, arguments):
    try:
        far = distance(case, arguments)
    except RuntimeError as refusal:
        return "refused", str(refusal).split("model.onnx: ")[-1]
    return "passed" if far <= BOUNDS.get(case.name, BOUND) else "wrong", f"{far:.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="", help="only tests with this in their name")
    parser.add_argument("--folder", type=pathlib.Path, default="build/onnx-export/nodes", help="for the files at hand")
    parser.add_argument("--program", default="build/hardnet")
    parser.add_argument("--only-read", action="store_true", help="whether each is read, and no more")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    results = collections.defaultdict(set)
    for case in cases():
        if arguments.part not in case.name:
            continue
        result, text = outcome(case, arguments)
        results[result].add(case.name)
        print(f"{case.name:60} {result:8} {text}", flush=True)
    print(", ".join(f"{len(results[result])} {result}" for result in ("passed", "wrong", "refused")))
    unlike = {name for name in listed() if arguments.part in name} ^ results["refused"]
    for name in sorted(unlike):
        print(f"nodes_refused.txt: {name}: {'missing' if name in results['refused'] else 'not refused'}")
    return 1 if results["wrong"] or unlike else 0


if __name__ == "__main__":
    sys.exit(main())
