#include "weights/keys.h"

#include <fmt/core.h>

#include "models/text.h"
#include "weights/mismatch.h"

namespace hardnet {
namespace {

const char *const kNormFields[] = {"weight", "bias", "running_mean", "running_var"};

bool starts_with(const std::string &text, const std::string &start) { return text.rfind(start, 0) == 0; }

// pytorchcv's module of every layer: a stage ends behind a downsampling, a unit is a block with its
// transition.
std::vector<std::string> pytorchcv_modules(const Network &network) {
    std::vector<std::string> modules;
    int stage = 1, unit = 1;
    bool in_stem = true;
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        const std::string place = fmt::format("features.stage{}.unit{}", stage, unit);
        const size_t inner = layer.name.find(".layers.");
        const bool downsampling = layer.stride == 2 && i > 0;  // of depthwise kind or a pool
        if (layer.op == OpKind::kFullyConnected) {
            modules.push_back("output.fc");
        } else if (in_stem) {
            modules.push_back(downsampling ? "features.init_block.downsample"
                                           : fmt::format("features.init_block.conv{}", i + 1));
            in_stem = !downsampling;
        } else if (inner != std::string::npos) {
            const int block = std::stoi(layer.name.substr(inner + 8)) + 1;
            const char *half = layer.op == OpKind::kDepthwiseConv                ? ".dw_conv"
                               : layer.name.find(".layer1") != std::string::npos ? ".pw_conv"
                                                                                 : "";
            modules.push_back(fmt::format("{}.blocks.block{}{}", place, block, half));
        } else if (downsampling) {
            modules.push_back(place + ".downsample");
            stage++;
            unit = 1;
        } else {
            modules.push_back(place + ".conv");
            // The stage goes on with another unit unless a downsampling comes next.
            const bool ends = i + 1 < network.layers.size() && network.layers[i + 1].stride == 2;
            if (!ends) unit++;
        }
    }
    return modules;
}

std::string norm_name(const Layer &layer, const std::string &module, const char *field, KeySet keys) {
    return keys == KeySet::kPytorchcv ? module + ".bn." + field : norm_key(layer, field);
}

void add_parameters(const Layer &layer, const std::string &module, KeySet keys, std::vector<Parameter> &out) {
    const std::vector<int64_t> channels{layer.out.channels};
    if (keys == KeySet::kFolded) {
        out.push_back({layer.name + ".weight", weight_shape(layer)});
        if (layer.bias || layer.batch_norm) out.push_back({layer.name + ".bias", channels});
        return;
    }
    const bool theirs = keys == KeySet::kPytorchcv;
    const bool convolution = layer.op != OpKind::kFullyConnected;
    out.push_back({theirs ? module + (convolution ? ".conv.weight" : ".weight") : weight_key(layer),
                   weight_shape(layer)});
    if (layer.bias) out.push_back({theirs ? module + ".bias" : bias_key(layer), channels});
    if (!layer.batch_norm) return;
    for (const char *field : kNormFields) out.push_back({norm_name(layer, module, field, keys), channels});
}

void strip_module_prefix(Checkpoint &checkpoint) {
    static const std::string prefix = "module.";
    if (checkpoint.tensors.empty()) return;
    for (const auto &[key, tensor] : checkpoint.tensors) {
        if (!starts_with(key, prefix)) return;
    }
    std::map<std::string, FloatTensor> stripped;
    for (auto &[key, tensor] : checkpoint.tensors)
        stripped.emplace(key.substr(prefix.size()), std::move(tensor));
    checkpoint.tensors = std::move(stripped);
    checkpoint.notes.push_back("keys: prefix 'module.' (DataParallel) stripped");
}

Status rename_pytorchcv(const Network &network, Checkpoint &checkpoint) {
    if (const auto error = mismatch(network, checkpoint, KeySet::kPytorchcv)) return *error;
    const std::vector<Parameter> theirs = parameters_of(network, KeySet::kPytorchcv);
    const std::vector<Parameter> ours = parameters_of(network, KeySet::kAuthors);
    std::map<std::string, FloatTensor> renamed;
    for (size_t i = 0; i < ours.size(); i++) {
        renamed.emplace(ours[i].key, std::move(checkpoint.tensors.at(theirs[i].key)));
    }
    checkpoint.tensors = std::move(renamed);
    checkpoint.notes.push_back("keys: pytorchcv's mapped to the authors'");
    return ok();
}

}  // namespace

std::vector<Parameter> parameters_of(const Network &network, KeySet keys) {
    const std::vector<std::string> modules = pytorchcv_modules(network);
    std::vector<Parameter> parameters;
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        if (layer.has_weights()) add_parameters(layer, modules[i], keys, parameters);
    }
    return parameters;
}

KeySet key_set_of(const Checkpoint &checkpoint) {
    if (checkpoint.folded) return KeySet::kFolded;
    bool bare_weight = false;
    for (const auto &[key, tensor] : checkpoint.tensors) {
        if (starts_with(key, "features.init_block.") || starts_with(key, "module.features.init_block."))
            return KeySet::kPytorchcv;
        if (key.find(".norm.") != std::string::npos) return KeySet::kAuthors;
        bare_weight = bare_weight || key == "base.0.weight";
    }
    return bare_weight ? KeySet::kFolded : KeySet::kAuthors;
}

Result<Checkpoint> with_author_keys(const Network &network, Checkpoint checkpoint) {
    strip_module_prefix(checkpoint);
    const KeySet keys = key_set_of(checkpoint);
    if (keys == KeySet::kPytorchcv) {
        if (Status status = rename_pytorchcv(network, checkpoint); !status) return status.error();
    }
    if (keys == KeySet::kFolded && !checkpoint.folded) {
        checkpoint.folded = true;
        checkpoint.notes.push_back("keys: batch norm is folded already");
    }
    return checkpoint;
}

Result<int> classes_in(const Checkpoint &checkpoint) {
    // The head is the one matrix: every other parameter has one or four dimensions.
    std::vector<std::string> matrices;
    int64_t classes = 0;
    for (const auto &[key, tensor] : checkpoint.tensors) {
        if (tensor.shape.size() != 2) continue;
        matrices.push_back(key);
        classes = tensor.shape[0];
    }
    if (matrices.size() != 1) {
        return bad_input(fmt::format("{}: expected one matrix, the classifier's weight, found {}",
                                     checkpoint.source, matrices.size()));
    }
    if (classes < 1 || classes > INT32_MAX) {
        return bad_input(fmt::format("{}: {}: expected at least one class, found {}", checkpoint.source,
                                     shown(matrices[0]), classes));
    }
    return static_cast<int>(classes);
}

}  // namespace hardnet
