// ONNX models from nodes and tensors to networks, and what these compute by the reference operators.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "onnx/import.h"
#include "onnx/read_model.h"
#include "reference/run_network.h"
#include "tests/onnx/files.h"
#include "tests/onnx/writer.h"

namespace hardnet::testing {

// Nodes and initializers on an image "x" of 3x2x2 unless told; its last node's output, or `outputs`, is what it returns.
struct Parts {
    std::vector<Message> nodes, initializers;
    std::vector<std::string> outputs{"y"};
    std::vector<int64_t> input{1, 3, 2, 2};
    int64_t opset = 20;
    OnnxOptions options{};
};

inline Result<OnnxNetwork> imported(const Parts &parts) {
    std::vector<Message> outputs;
    for (const std::string &name : parts.outputs) outputs.push_back(value_info(name, {1}));
    const std::string file = model(
        graph({parts.nodes, parts.initializers, {value_info("x", parts.input)}, outputs}), 9, parts.opset);
    const Result<OnnxModel> read = decode_onnx(view_of(file), "folder/net-1.onnx");
    if (!read) return read.error();
    return import_onnx(*read, parts.options);
}

inline std::string import_error(const Parts &parts) {
    const Result<OnnxNetwork> result = imported(parts);
    return result ? "imported" : result.error().what;
}

// The first output's values on `image`.
inline std::vector<double> outputs_of(const Result<OnnxNetwork> &net, const std::vector<float> &image) {
    EXPECT_TRUE(net) << net.error().what;
    if (!net) return {};
    const auto layers = run_network(net->network, net->weights, image, {1, {}});
    EXPECT_TRUE(layers) << layers.error().what;
    return output_values(net->network, net->network.outputs[0], *layers);
}

inline std::vector<OpKind> kinds_of(const Network &network) {
    std::vector<OpKind> kinds;
    for (const Layer &layer : network.layers) kinds.push_back(layer.op);
    return kinds;
}

inline const std::vector<float> kImage{1, 2, 3, 4, /* green */ 5, -6, 7, 8, /* blue */ 0, 1, -2, 0.5f};

// A 1x1 convolution of `from` to `to`, with weights of its own.
inline void add_conv(Parts &parts, const std::string &from, const std::string &to, int64_t inputs,
                     const std::vector<float> &weight, const std::vector<float> &bias) {
    const int64_t outputs = int64_t(bias.size());
    parts.nodes.push_back(node("Conv", {from, to + ".w", to + ".b"}, {to}));
    parts.initializers.push_back(tensor(to + ".w", {outputs, inputs, 1, 1}, weight));
    parts.initializers.push_back(tensor(to + ".b", {outputs}, bias));
}

}  // namespace hardnet::testing
