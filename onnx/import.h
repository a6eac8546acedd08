// An ONNX model to a network and its weights, of those operators that the compiler has (onnx/operators.h lists them with
// their limits). Shape arithmetic is evaluated, concatenations become sources, activations and batch norms go into the
// convolutions in front of them. What has no place in a network is refused by its node's name, never approximated.
//
//     auto model = read_onnx("net.onnx");
//     auto imported = import_onnx(*model, {});    // network, weights: what a compiler's Model is made of
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/network.h"
#include "onnx/model.h"
#include "weights/weights.h"

namespace hardnet {

struct OnnxOptions {
    std::optional<InputSize> input;  // where the model leaves height and width open
    std::string external_file;       // of all external data; empty: the one that the model names
    std::string name;                // the network's
    std::vector<std::string> cuts;   // tensors that are the outputs, in place of the model's own
    OnnxLimits limits{};
};

struct OnnxNetwork {
    Network network;  // passes check_network; its outputs have the model's names
    FoldedWeights weights;
    int batch = 1;  // of the model's input; 1 where it is open. The network is of one image either way
};

Result<OnnxNetwork> import_onnx(const OnnxModel &model, const OnnxOptions &options);

}  // namespace hardnet
