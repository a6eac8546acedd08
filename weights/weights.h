// From a checkpoint to folded weights: read, rename to the authors' keys, check against a network, fold batch
// norm.
//
//     auto checkpoint = read_checkpoint("hardnet68.safetensors");        // any known key set
//     auto renamed = with_author_keys(network, std::move(*checkpoint));  // or seeded_checkpoint(network, 1)
//     auto folded = fold(network, *renamed);
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "models/records.h"

namespace hardnet {

struct FloatTensor {
    std::vector<int64_t> shape;  // outermost first: OIHW for convolutions
    std::vector<float> values;
};

struct Checkpoint {
    std::map<std::string, FloatTensor> tensors;   // by key
    std::map<std::string, std::string> metadata;  // the file's __metadata__
    std::vector<std::string> notes;               // what was mapped or ignored, one line each, for the user
    std::string source;                           // the file's path or "seed:1", for errors
    bool folded = false;  // keys are "<layer>.weight" and "<layer>.bias", batch norm already inside
};

// A layer's weights with batch norm folded in: weight' = weight * gamma / sqrt(var + 1e-5), in double, then
// rounded.
struct FoldedLayer {  // the tensors of graph/network.h's folded_tensors(); empty where there is none
    FloatTensor weight, bias;
    FloatTensor front_scale{}, front_shift{};  // of a norm in front: what enters is max(0, x * scale + shift)

    std::vector<const FloatTensor *> tensors(const Layer &layer) const {  // parallel to folded_tensors()
        std::vector<const FloatTensor *> all;
        if (layer.has_weights()) all.push_back(&weight);
        if (layer.has_bias()) all.push_back(&bias);
        if (!layer.front_norm.empty()) all.insert(all.end(), {&front_scale, &front_shift});
        return all;
    }
};
struct FoldedWeights {
    std::vector<FoldedLayer> layers;  // parallel to Network::layers
};

// Reads a safetensors file of floats, which become float32 (int64 `num_batches_tracked` are passed over). The file is read
// into memory, never mapped: a file that changes meanwhile is an error, not a signal.
Result<Checkpoint> read_checkpoint(const std::string &path);

// The same of a safetensors file in memory; `name` is for errors.
Result<Checkpoint> decode_checkpoint(ByteView file, const std::string &name);

// Any checkpoint: safetensors, or what torch.save wrote (weights/torch_file.h), of which `state_key` names the part
// that holds the weights where that is not plain. Prefixes that all keys share ("module.") are stripped.
Result<Checkpoint> open_checkpoint(const std::string &path, const std::string &state_key = "");

// Strips shared prefixes, renames pytorchcv's keys to the authors', noting it, and recognises folded keys.
Result<Checkpoint> with_author_keys(const Network &network, Checkpoint checkpoint);

// The class count that the head's weight says, under any known key set.
struct ClassCount {
    int classes = 0;
    std::string tensor;
};
Result<ClassCount> classes_in(const ModelRecord &record, const Checkpoint &checkpoint);

// Parameters of `network` from one integer generator (documented in docs/weights.md, twin in tools/oracle),
// under the authors' keys, batch norm statistics randomised.
Checkpoint seeded_checkpoint(const Network &network, uint64_t seed);

// Whether "seed:N" stands where a checkpoint's path may, and its parameters.
bool is_seed(const std::string &source);
Result<Checkpoint> checkpoint_of_seed(const Network &network, const std::string &source);

// An input of the same generator, as if normalised: multiples of 2^-23 between -2 and 2.
std::vector<float> seeded_input(int64_t elements, uint64_t seed);

// Every missing, extra or misshapen tensor listed (ten, the rest counted), with the network that it would
// fit. Takes the authors' keys or folded ones; the latter pass through unchanged.
Result<FoldedWeights> fold(const Network &network, const Checkpoint &checkpoint);

// Folded tensors are named "<layer>.weight" and "<layer>.bias". Written to a temporary file, then renamed.
Status write_folded(const std::string &path, const Network &network, const FoldedWeights &weights,
                    const std::map<std::string, std::string> &metadata);
Status write_safetensors(const std::string &path, const std::map<std::string, FloatTensor> &tensors,
                         const std::map<std::string, std::string> &metadata);

}  // namespace hardnet
