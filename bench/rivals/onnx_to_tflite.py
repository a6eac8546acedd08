"""Writes a HarDNet that export.py left as ONNX as a LiteRT model: the same layers, channels last.

The converters on PyPI bring TensorFlow or PyTorch with CUDA; a HarDNet has eight kinds of node, and LiteRT's wheel has the
classes of the file format. Activations are fused into convolutions and padding is SAME where it means the same, as their
converters would have it.
"""

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema

TYPES = {np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.int32): schema.TensorType.INT32}


class Writer:
    def __init__(self):
        self.buffers = [schema.BufferT()]  # buffer 0 is empty: of tensors that are computed
        self.tensors, self.operators, self.codes = [], [], []

    def tensor(self, shape, data=None):
        t = schema.TensorT()
        t.shape = [int(n) for n in shape]
        t.name = f"t{len(self.tensors)}"
        t.type = TYPES[data.dtype] if data is not None else schema.TensorType.FLOAT32
        t.buffer = 0
        if data is not None:
            t.buffer = len(self.buffers)
            self.buffers.append(schema.BufferT())
            self.buffers[-1].data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
        self.tensors.append(t)
        return len(self.tensors) - 1

    def constant(self, data):
        return self.tensor(data.shape, data)

    def shape(self, tensor):
        return self.tensors[tensor].shape

    def operator(self, code, inputs, output_shape, options="", **fields):
        """Adds an operator, `options` being its class of options; gives its output."""
        if code not in self.codes:
            self.codes.append(code)
        o = schema.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = self.codes.index(code), list(inputs), [self.tensor(output_shape)]
        if options:
            o.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            o.builtinOptions = getattr(schema, options + "T")()
            for field, value in fields.items():
                assert hasattr(o.builtinOptions, field), field
                setattr(o.builtinOptions, field, value)
        self.operators.append(o)
        return o.outputs[0]

    def write(self, path, inputs, outputs):
        graph, model = schema.SubGraphT(), schema.ModelT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self.tensors, self.operators, inputs, outputs
        model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], self.buffers, []
        for code in self.codes:
            model.operatorCodes.append(schema.OperatorCodeT())
            model.operatorCodes[-1].builtinCode = model.operatorCodes[-1].deprecatedBuiltinCode = code
            model.operatorCodes[-1].version = 1
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        path.write_bytes(builder.Output())


class Converter:
    def __init__(self, graph):
        self.writer = Writer()
        self.constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
        self.values = {}  # ONNX name -> tensor
        self.makers = {}  # ONNX name -> the operator that computes it, while nothing else has read it
        source = graph.input[0]
        n, c, h, w = (d.dim_value for d in source.type.tensor_type.shape.dim)
        self.values[source.name] = self.input = self.writer.tensor((n, h, w, c))
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            getattr(self, node.op_type.lower())(node, attributes)
        self.output = self.values[graph.output[0].name]

    def padded(self, tensor, kernel, stride, pads):
        """The tensor, with zeros around it where SAME would put them elsewhere, the padding, and the output's size."""
        n, h, w, c = self.writer.shape(tensor)
        sizes = [(s + 2 * pads[0] - kernel) // stride + 1 for s in (h, w)]
        same = [max((-(-s // stride) - 1) * stride + kernel - s, 0) == 2 * pads[0] for s in (h, w)]
        if len(set(pads)) != 1:
            raise ValueError(f"pads: expected one for all sides, found {pads}")
        if pads[0] and not all(same):
            p = pads[0]
            widths = self.writer.constant(np.array([[0, 0], [p, p], [p, p], [0, 0]], np.int32))
            tensor = self.writer.operator(schema.BuiltinOperator.PAD, [tensor, widths], (n, h + 2 * p, w + 2 * p, c),
                                          "PadOptions")
        return tensor, schema.Padding.SAME if pads[0] and all(same) else schema.Padding.VALID, sizes

    def keep(self, node, tensor):
        self.values[node.output[0]] = tensor

    def constant(self, node, attributes):
        self.constants[node.output[0]] = onnx.numpy_helper.to_array(attributes["value"])

    def conv(self, node, attributes):
        weights, bias = (self.constants[name] for name in node.input[1:])
        stride, depthwise = attributes["strides"][0], attributes["group"] > 1
        tensor, padding, size = self.padded(self.values[node.input[0]], weights.shape[2], stride, attributes["pads"])
        # OIHW -> OHWI; depthwise C1HW -> 1HWC
        packed = weights.transpose(1, 2, 3, 0) if depthwise else weights.transpose(0, 2, 3, 1)
        inputs = [tensor, self.writer.constant(packed), self.writer.constant(bias)]
        fields = dict(padding=padding, strideW=stride, strideH=stride, dilationWFactor=1, dilationHFactor=1)
        shape = (self.writer.shape(tensor)[0], *size, len(bias))
        if depthwise:
            made = self.writer.operator(schema.BuiltinOperator.DEPTHWISE_CONV_2D, inputs, shape,
                                        "DepthwiseConv2DOptions", depthMultiplier=1, **fields)
        else:
            made = self.writer.operator(schema.BuiltinOperator.CONV_2D, inputs, shape, "Conv2DOptions", **fields)
        self.makers[node.output[0]] = self.writer.operators[-1]
        self.keep(node, made)

    def clip(self, node, attributes):
        limits = tuple(float(self.constants[name]) for name in node.input[1:])
        if limits != (0, 6):
            raise ValueError(f"clip: expected 0 to 6, found {limits}")
        self.activation(node, schema.ActivationFunctionType.RELU6)

    def relu(self, node, attributes):
        self.activation(node, schema.ActivationFunctionType.RELU)

    def activation(self, node, function):
        self.makers[node.input[0]].builtinOptions.fusedActivationFunction = function
        self.keep(node, self.values[node.input[0]])

    def concat(self, node, attributes):
        parts = [self.values[name] for name in node.input]
        if len(parts) > 1:
            shape = [*self.writer.shape(parts[0])[:3], sum(self.writer.shape(p)[3] for p in parts)]
            parts = [self.writer.operator(schema.BuiltinOperator.CONCATENATION, parts, shape,
                                          "ConcatenationOptions", axis=3)]
        self.keep(node, parts[0])

    def maxpool(self, node, attributes):
        """Zeros pad as well as -infinity does, since what a HarDNet pools has passed a ReLU."""
        kernel, stride = attributes["kernel_shape"][0], attributes["strides"][0]
        tensor, padding, size = self.padded(self.values[node.input[0]], kernel, stride, attributes["pads"])
        n, _, _, c = self.writer.shape(tensor)
        self.keep(node, self.writer.operator(
            schema.BuiltinOperator.MAX_POOL_2D, [tensor], (n, *size, c), "Pool2DOptions", padding=padding,
            strideW=stride, strideH=stride, filterWidth=kernel, filterHeight=kernel))

    def globalaveragepool(self, node, attributes):
        tensor = self.values[node.input[0]]
        n, _, _, c = self.writer.shape(tensor)
        axes = self.writer.constant(np.array([1, 2], np.int32))
        self.keep(node, self.writer.operator(schema.BuiltinOperator.MEAN, [tensor, axes], (n, c), "ReducerOptions",
                                             keepDims=False))

    def flatten(self, node, attributes):
        self.keep(node, self.values[node.input[0]])  # behind the global pool: flat already

    def gemm(self, node, attributes):
        tensor, (weights, bias) = self.values[node.input[0]], (self.constants[name] for name in node.input[1:])
        inputs = [tensor, self.writer.constant(weights), self.writer.constant(bias)]
        self.keep(node, self.writer.operator(schema.BuiltinOperator.FULLY_CONNECTED, inputs,
                                             (self.writer.shape(tensor)[0], len(bias)), "FullyConnectedOptions"))


def convert(onnx_path, tflite_path):
    converter = Converter(onnx.load(onnx_path).graph)
    converter.writer.write(tflite_path, [converter.input], [converter.output])
