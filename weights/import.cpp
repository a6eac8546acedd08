#include "weights/import.h"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "weights/describe.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

std::map<std::string, std::string> metadata_of(const ModelRecord &record, const Checkpoint &checkpoint,
                                               bool folded) {
    const auto json = nlohmann::ordered_json::parse(to_json(record));
    std::map<std::string, std::string> metadata = checkpoint.metadata;
    metadata["model"] = record.name;
    metadata["activation"] = name_of(record.activation);
    metadata.erase("block_activation");
    if (record.block_activation) metadata["block_activation"] = name_of(*record.block_activation);
    metadata["classes"] = std::to_string(record.classes);
    metadata["preprocessing"] = json["preprocessing"].dump();
    metadata["folded"] = folded ? "true" : "false";
    metadata.erase("class_names");
    if (!record.class_names.empty()) metadata["class_names"] = json["class_names"].dump();
    return metadata;
}

// Values that work, but that a trained network seldom has.
std::vector<std::string> oddities(const Checkpoint &checkpoint) {
    std::vector<std::string> notes;
    for (const auto &[key, tensor] : checkpoint.tensors) {
        size_t denormal = 0, zero = 0;
        for (float value : tensor.values) {
            denormal += std::fpclassify(value) == FP_SUBNORMAL;
            zero += value == 0;
        }
        if (denormal > 0) notes.push_back(fmt::format("{}: {} denormal values", key, denormal));
        if (zero > 0 && key.find(".running_var") != std::string::npos) {
            notes.push_back(fmt::format("{}: {} variances of 0", key, zero));
        }
    }
    return notes;
}

Status grant(const ImportWishes &wishes, ModelRecord &record) {
    if (!wishes.class_names.empty()) {
        if (wishes.class_names.size() != size_t(record.classes))
            return bad_input(fmt::format("class names: expected {}, one per row of the head, found {}",
                                         record.classes, wishes.class_names.size()));
        record.class_names = wishes.class_names;
    }
    Preprocessing &preprocessing = record.preprocessing;
    preprocessing.resize_short = wishes.resize_short.value_or(preprocessing.resize_short);
    preprocessing.mean = wishes.mean.value_or(preprocessing.mean);
    preprocessing.deviation = wishes.deviation.value_or(preprocessing.deviation);
    return check_record(record);
}

Result<Checkpoint> open_source(const std::string &in, const ModelRecord &record,
                               const std::string &state_key) {
    if (!is_seed(in)) return open_checkpoint(in, state_key);
    const Result<Network> network = build_network(record, record.input);
    if (!network) return network.error();
    return checkpoint_of_seed(*network, in);
}

}  // namespace

Result<std::vector<std::string>> import_checkpoint(const std::string &in, const ModelRecord &record,
                                                   const std::string &out, bool folded,
                                                   const ImportWishes &wishes) {
    Result<Checkpoint> read = open_source(in, record, wishes.state_key);
    if (!read) return read.error();
    Result<ModelRecord> described = described_record(record, *read);
    if (!described) return described.error();
    if (const Status granted = grant(wishes, *described); !granted) return granted.error();
    const Result<Network> network = build_network(*described, described->input);
    if (!network) return network.error();
    Result<Checkpoint> checkpoint = with_author_keys(*network, std::move(*read));
    if (!checkpoint) return checkpoint.error();
    const Result<FoldedWeights> weights = fold(*network, *checkpoint);  // checks names, shapes and values
    if (!weights) return weights.error();

    const bool write_folds = folded || checkpoint->folded;
    const auto metadata = metadata_of(*described, *checkpoint, write_folds);
    const Status written = write_folds ? write_folded(out, *network, *weights, metadata)
                                       : write_safetensors(out, checkpoint->tensors, metadata);
    if (!written) return written.error();
    std::vector<std::string> notes = checkpoint->notes;
    for (std::string &note : oddities(*checkpoint)) notes.push_back(std::move(note));
    return notes;
}

}  // namespace hardnet
