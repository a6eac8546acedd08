// What a network returns: the model's outputs, or the tensors at which the caller cuts it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "onnx/import_state.h"

namespace hardnet {
namespace {

constexpr size_t kMostOutputs = 64;
constexpr size_t kMostNear = 9;  // lines of a refusal

}  // namespace

bool OnnxImport::find_wanted() {
    place_ = model_.path;
    wanted_ = options_.cuts;
    if (wanted_.empty())
        for (const OnnxValueInfo &output : model_.graph.outputs) wanted_.push_back(output.name);
    if (wanted_.size() > kMostOutputs)
        return fail(fmt::format("expected at most {} outputs, found {}", kMostOutputs, wanted_.size()));
    if (options_.cuts.empty()) return true;
    std::vector<std::string> known;
    for (const OnnxNode &node : model_.graph.nodes)
        known.insert(known.end(), node.outputs.begin(), node.outputs.end());
    for (const std::string &cut : wanted_) {
        if (std::count(known.begin(), known.end(), cut)) continue;
        std::vector<std::string> near = near_names(cut, known, kMostNear);
        for (std::string &name : near) name = shown(name);
        if (!near.empty()) near.insert(near.begin(), "tensors of names like it:");
        return fail("cut: expected the name of a tensor that a node gives, found " + shown(cut), near);
    }
    return true;
}

bool OnnxImport::read_outputs() {
    for (const std::string &name : wanted_) {
        place_ = model_.path + ": output " + shown(name);
        const auto found = values_.find(resolved(name));
        if (found == values_.end()) return fail("expected an image or its channels, found another value");
        OnnxValue value = found->second;
        for (int &part : value.parts) {
            const std::optional<int> layer = as_layer(part);
            if (!layer) return false;
            part = *layer;
        }
        if (value.row && value.rank == 4)
            return fail("expected rows [batch, rows, numbers] or a list of them, found others");
        for (const Output &other : outputs_)
            if (other.name == name) return fail("expected a name of its own, found a second one");
        outputs_.push_back({name, value.parts, value.row});
        outputs_.back().flat = value.flat || value.rank == 2;
    }
    return true;
}

}  // namespace hardnet
