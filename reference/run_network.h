// A network run layer by layer with the naive operators: what every compiled kernel is checked against.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/network.h"
#include "weights/weights.h"

namespace hardnet {

struct ReferenceOptions {
    int threads = 0;  // 0: as many as the machine has; the values do not depend on it
    std::function<void(int done, int total, const std::string &layer)> progress;  // called behind every layer
};

// Every layer's output, indexed as Network::layers, each CHW with x innermost. In double it is what results are
// compared with; in float what plain arithmetic of that type makes of the same network, whose distance from the
// former says how much the network itself makes of rounding errors. `input` is CHW float32, already normalised.
template <typename Real = double>
Result<std::vector<std::vector<Real>>> run_network(const Network &network, const FoldedWeights &weights,
                                                   const std::vector<float> &input,
                                                   const ReferenceOptions &options = {});

// An output's values in the order of output_shape(): of a tensor as it is, else the layers' pixels, channels innermost,
// one layer behind another. `layers` is what run_network() returns.
template <typename Real>
std::vector<Real> output_values(const Network &network, const Output &output,
                                const std::vector<std::vector<Real>> &layers);

}  // namespace hardnet
