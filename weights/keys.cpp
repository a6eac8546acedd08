#include "weights/keys.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "weights/mismatch.h"

namespace hardnet {
namespace {

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
        const bool downsampling = layer.window.y.stride == 2 && i > 0;  // of depthwise kind or a pool
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
            const bool ends = i + 1 < network.layers.size() && network.layers[i + 1].window.y.stride == 2;
            if (!ends) unit++;
        }
    }
    return modules;
}

void add_norm(const std::string &prefix, int channels, std::vector<Parameter> &out) {
    for (const char *field : {"weight", "bias", "running_mean", "running_var"})
        out.push_back({prefix + "." + field, {channels}});
}

void add_authors(const Layer &layer, std::vector<Parameter> &out) {
    if (layer.has_weights()) out.push_back({weight_key(layer), weight_shape(layer)});
    if (layer.bias) out.push_back({bias_key(layer), {layer.out.channels}});
    if (!layer.norm.empty()) add_norm(layer.norm, layer.out.channels, out);
    if (!layer.front_norm.empty()) add_norm(layer.front_norm, layer.in.channels, out);
}

void add_pytorchcv(const Layer &layer, const std::string &module, std::vector<Parameter> &out) {
    if (!layer.has_weights()) return;
    const bool convolution = layer.op != OpKind::kFullyConnected;
    out.push_back({module + (convolution ? ".conv.weight" : ".weight"), weight_shape(layer)});
    if (layer.bias) out.push_back({module + ".bias", {layer.out.channels}});
    if (!layer.norm.empty()) add_norm(module + ".bn", layer.out.channels, out);
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

void strip_prefixes(Checkpoint &checkpoint) {
    if (checkpoint.tensors.empty()) return;
    const std::string &first = checkpoint.tensors.begin()->first;
    size_t length = 0;  // of the prefixes so far
    for (bool found = true; found;) {
        found = false;
        for (const std::string prefix : {"module.", "_orig_mod.", "model.", "net.", "backbone."}) {
            const std::string longer = first.substr(0, length) + prefix;
            const auto has_it = [&](const auto &entry) { return starts_with(entry.first, longer); };
            if (!std::all_of(checkpoint.tensors.begin(), checkpoint.tensors.end(), has_it)) continue;
            length = longer.size();
            found = true;
        }
    }
    if (length == 0) return;
    const std::string prefix = first.substr(0, length);
    std::map<std::string, FloatTensor> stripped;
    for (auto &[key, tensor] : checkpoint.tensors) stripped.emplace(key.substr(length), std::move(tensor));
    checkpoint.tensors = std::move(stripped);
    checkpoint.notes.push_back(
        fmt::format("keys: prefix '{}'{} stripped", prefix, prefix == "module." ? " (DataParallel)" : ""));
}

std::vector<Parameter> parameters_of(const Network &network, KeySet keys) {
    std::vector<std::string> modules;
    if (keys == KeySet::kPytorchcv) modules = pytorchcv_modules(network);
    std::vector<Parameter> parameters;
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        switch (keys) {
            case KeySet::kAuthors:
                add_authors(layer, parameters);
                break;
            case KeySet::kPytorchcv:
                add_pytorchcv(layer, modules[i], parameters);
                break;
            case KeySet::kFolded:
                for (FoldedTensor &t : folded_tensors(layer))
                    parameters.push_back({std::move(t.name), std::move(t.shape)});
                break;
        }
    }
    return parameters;
}

KeySet key_set_of(const Checkpoint &checkpoint) {
    const auto told = checkpoint.metadata.find("folded");
    if (checkpoint.folded || (told != checkpoint.metadata.end() && told->second == "true"))
        return KeySet::kFolded;
    bool bare_weight = false;
    for (const auto &[key, tensor] : checkpoint.tensors) {
        if (starts_with(key, "features.init_block.") || starts_with(key, "module.features.init_block."))
            return KeySet::kPytorchcv;
        if (key.find(".norm.") != std::string::npos) return KeySet::kAuthors;
        bare_weight = bare_weight || key == "base.0.weight";
    }
    return bare_weight ? KeySet::kFolded : KeySet::kAuthors;
}

namespace {

bool holds(const Checkpoint &checkpoint, const std::vector<Parameter> &parameters) {
    return std::all_of(parameters.begin(), parameters.end(),
                       [&](const Parameter &p) { return checkpoint.tensors.count(p.key) > 0; });
}

// What the keys alone say, unless the network has one set in full. Without any norm both sets are the same.
KeySet key_set_of(const Network &network, const Checkpoint &checkpoint) {
    if (checkpoint.folded) return KeySet::kFolded;
    for (KeySet keys : {KeySet::kAuthors, KeySet::kFolded})
        if (holds(checkpoint, parameters_of(network, keys))) return keys;
    return key_set_of(checkpoint);
}

}  // namespace

Result<Checkpoint> with_author_keys(const Network &network, Checkpoint checkpoint) {
    strip_prefixes(checkpoint);
    const KeySet keys = key_set_of(network, checkpoint);
    if (keys == KeySet::kPytorchcv) {
        if (Status status = rename_pytorchcv(network, checkpoint); !status) return status.error();
    }
    if (keys == KeySet::kFolded && !checkpoint.folded) {
        checkpoint.folded = true;
        checkpoint.notes.push_back("keys: batch norm is folded already");
    }
    return checkpoint;
}

namespace {

Result<ClassCount> one_matrix(const Checkpoint &checkpoint) {
    // The head of a HarDNet is the one matrix: every other parameter has one or four dimensions.
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
    return ClassCount{static_cast<int>(classes), matrices[0]};
}

// The layer whose channels count the classes, or the first of them.
const Layer &head_of(const Network &network) {
    const auto output = std::find_if(network.outputs.begin(), network.outputs.end(),
                                     [](const Output &o) { return !o.boxes; });
    const Layer *head = &network.layers[static_cast<size_t>(output->layers[0])];
    while (!head->has_weights()) head = &network.layers[static_cast<size_t>(head->sources()[0])];
    return *head;
}

}  // namespace

Result<ClassCount> classes_in(const ModelRecord &record, const Checkpoint &checkpoint) {
    if (record.architecture == ModelRecord().architecture) return one_matrix(checkpoint);
    const Result<Network> network = build_network(record, record.input);
    if (!network) return network.error();
    const Layer &head = head_of(*network);
    const int per_class = head.out.channels / record.classes;
    for (const std::string &key :
         {weight_key(head), "module." + weight_key(head), folded_tensors(head)[0].name}) {
        const auto found = checkpoint.tensors.find(key);
        if (found == checkpoint.tensors.end() || found->second.shape.empty()) continue;
        const int64_t rows = found->second.shape[0];
        if (rows >= per_class && rows % per_class == 0 && rows / per_class <= INT32_MAX)
            return ClassCount{static_cast<int>(rows / per_class), key};
        return bad_input(fmt::format("{}: {}: expected {} rows per class, found {}", checkpoint.source,
                                     shown(key), per_class, rows));
    }
    return bad_input(
        fmt::format("{}: expected {}, found no such tensor", checkpoint.source, weight_key(head)));
}

}  // namespace hardnet
