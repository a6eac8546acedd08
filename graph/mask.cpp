#include "graph/mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/task.h"

namespace hardnet {

Status give_mask(Network &network, double threshold) {
    const Result<Task> task = task_of(network);
    const Output &logits = network.outputs[0];
    if (!task || *task != Task::kSegmentation || logits.layers.size() != 1)
        return bad_input(fmt::format("{}: mask: expected a network of segmentation, found an output {}",
                                     network.name, logits.name));
    const int classes = network.layers[size_t(logits.layers[0])].out.channels;
    if (!(threshold > 0 && threshold < 1))
        return bad_input(fmt::format("{}: threshold: expected more than 0 and less than 1, found {}",
                                     network.name, threshold));
    if (threshold != kMaskThreshold && classes != 1)
        return bad_input(fmt::format("{}: threshold: expected a network of one class, found {} classes",
                                     network.name, classes));
    Layer mask;
    mask.name = kMaskOutput;
    const auto is_taken = [&](const Layer &layer) { return layer.name == mask.name; };
    while (std::any_of(network.layers.begin(), network.layers.end(), is_taken)) mask.name += "_";
    mask.op = OpKind::kArgmax;
    mask.reads = {{logits.layers[0], Role::kSource}};
    mask.in = mask.out = network.layers[size_t(logits.layers[0])].out;
    mask.out.channels = 1;
    if (classes == 1) mask.threshold = float(std::log(threshold / (1 - threshold)));
    network.outputs = {{kMaskOutput, {int(network.layers.size())}}};
    network.layers.push_back(std::move(mask));
    return ok();
}

bool gives_mask(const Network &network) {
    return network.layers[size_t(network.outputs[0].layers[0])].op == OpKind::kArgmax;
}

}  // namespace hardnet
