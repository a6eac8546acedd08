#include "onnx/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "graph/check_network.h"
#include "onnx/import_state.h"
#include "onnx/operators.h"

namespace hardnet {
namespace {

constexpr int64_t kMostBatch = 1024;

bool is_alias(const OnnxNode &node) {
    return node.refusal.empty() && (node.op_type == "Identity" || node.op_type == "Dropout");
}

std::string title_of(const std::string &path) {
    std::string stem = plain_name(std::filesystem::path(path).stem().string());
    std::replace(stem.begin(), stem.end(), '.', '_');
    return stem.empty() ? "network" : stem;
}

}  // namespace

// What changes nothing goes by its input's name; what no output needs is passed over.
bool OnnxImport::prepare() {
    const std::vector<OnnxNode> &nodes = model_.graph.nodes;
    for (const OnnxTensor &tensor : model_.graph.initializers) tensors_[tensor.name] = &tensor;
    for (const OnnxNode &node : nodes) {
        place_ = fmt::format("{}: node {} ({})", model_.path, shown(node.name), shown(node.op_type));
        if (node.outputs.empty()) return fail("expected outputs, found none");
        if (is_alias(node) && has_input(node, 0) && !aliases_.count(node.outputs[0]))
            aliases_.emplace(node.outputs[0], resolved(node.inputs[0]));
    }
    for (const std::string &name : wanted_) {
        uses_[resolved(name)]++;
        read_whole_.insert(resolved(name));
    }
    needed_.assign(nodes.size(), false);
    for (size_t i = nodes.size(); i-- > 0;) {
        const OnnxNode &node = nodes[i];
        const auto is_used = [&](const std::string &name) { return uses_.count(resolved(name)) > 0; };
        needed_[i] = std::any_of(node.outputs.begin(), node.outputs.end(), is_used);
        if (!needed_[i] || is_alias(node)) continue;
        const std::string &op = node.op_type;
        const bool combines = op == "Add" || op == "Mul" || op == "Sub" || op == "Div";
        for (const std::string &input : node.inputs) {
            if (node.op_type == "Shape") continue;  // extents are no values
            uses_[resolved(input)]++;
            readers_[resolved(input)] = &node;
            if (!combines) read_whole_.insert(resolved(input));
        }
    }
    return true;
}

bool OnnxImport::read_input() {
    place_ = model_.path;
    std::vector<const OnnxValueInfo *> inputs;
    for (const OnnxValueInfo &input : model_.graph.inputs)
        if (!tensors_.count(input.name) && uses_.count(input.name)) inputs.push_back(&input);
    if (inputs.size() != 1)
        return fail(fmt::format("expected one input that the outputs need, found {}", inputs.size()));
    const OnnxValueInfo &input = *inputs[0];
    place_ += ": input " + shown(input.name);
    if (input.type != OnnxType::kFloat || input.dims.size() != 4)
        return fail(fmt::format("expected float32 of 4 dimensions, found {} of {}", name_of(input.type),
                                input.dims.size()));
    // -1: open
    const auto extent = [&](size_t axis) {
        return std::max<int64_t>(input.dims[axis].value.value_or(-1), -1);
    };
    batch_ = std::max<int64_t>(extent(0), 1);
    if (batch_ > kMostBatch)
        return fail(fmt::format("expected a batch of at most {}, found {}", kMostBatch, batch_));
    if (extent(1) < 1 || extent(1) > kMostInputPlanes)
        return fail(fmt::format("expected 1 to {} channels, found {}", kMostInputPlanes, extent(1)));
    int sizes[2] = {};
    for (size_t axis : {size_t{0}, size_t{1}}) {
        const int64_t own = extent(axis + 2);
        const int wished = options_.input ? axis ? options_.input->width : options_.input->height : 0;
        if (own < 1 && !options_.input)
            return fail(
                "expected a fixed height and width, or a size given beside the model, found them open");
        if (own > kMostExtent || (own > 0 && wished && wished != own))
            return fail(
                fmt::format("expected {} of {}, found {}", axis ? "a width" : "a height", own, wished));
        sizes[axis] = own > 0 ? int(own) : wished;
    }
    input_ = {int(extent(1)), sizes[0], sizes[1]};
    values_[input.name] = {{kNetworkInput}, input_, false};
    return true;
}

bool OnnxImport::translate(const OnnxNode &node) {
    place_ = fmt::format("{}: node {} ({})", model_.path, shown(node.name), plain_name(node.op_type));
    if (!node.refusal.empty()) return fail(node.refusal);
    const OnnxOperator *found = find_onnx_operator(node.op_type);
    if (!found)
        return fail("expected an operator of those below, found " + shown(node.op_type),
                    onnx_operator_lines());
    if (opset() < found->oldest || opset() > found->newest)
        return fail(fmt::format("expected opset {} to {} of this operator, found {}", found->oldest,
                                found->newest, opset()));
    for (size_t i = 0; i < node.inputs.size(); i++) {
        const bool known = value(node, i) || constant(node, i) || tensor(node, i);
        if (has_input(node, i) && !known)
            return fail("input " + shown(node.inputs[i]) +
                        ": expected the value of a node in front, found none");
    }
    if (found->translate(*this, node)) return true;
    return fail(fmt::format("expected what is supported ({}), found another use", found->limits));
}

Result<OnnxNetwork> OnnxImport::run() {
    bool done = find_wanted() && prepare() && read_input();
    for (size_t i = 0; done && i < needed_.size(); i++)
        if (needed_[i]) done = translate(model_.graph.nodes[i]);
    if (!done || !read_outputs()) return *error_;
    OnnxNetwork imported;
    Network &network = imported.network;
    network.name = options_.name.empty() ? title_of(model_.path) : options_.name;
    network.input = input_;
    network.preprocessing = usual_preprocessing(input_.channels);
    network.layers = std::move(layers_);
    network.outputs = std::move(outputs_);
    if (network.outputs.size() == 1 && (network.outputs[0].row == 0 || network.outputs[0].flat))
        network.classes = int(output_shape(network, network.outputs[0])[0]);
    if (const Status checked = check_network(network); !checked)
        return Error{checked.error().code, model_.path + ": " + checked.error().what, checked.error().detail};
    imported.weights = std::move(weights_);
    imported.batch = int(batch_);
    return imported;
}

Result<OnnxNetwork> import_onnx(const OnnxModel &model, const OnnxOptions &options) {
    return OnnxImport(model, options).run();
}

}  // namespace hardnet
