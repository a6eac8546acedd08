// What a network's parameters are called in the files of different sources.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weights/weights.h"

namespace hardnet {

enum class KeySet { kAuthors, kPytorchcv, kFolded };

struct Parameter {
    std::string key;
    std::vector<int64_t> shape;
};

// In layer order: a layer's weight, its bias if it has one, its norm's weight, bias, running_mean and
// running_var. The lists of the authors and of pytorchcv correspond one to one.
std::vector<Parameter> parameters_of(const Network &network, KeySet keys);

// Removes what wrappers put in front of every key: "module." of DataParallel, "_orig_mod." of torch.compile, and
// "model.", "net.", "backbone." of training scripts, in any nesting. No network's own keys all begin so. Notes it.
void strip_prefixes(Checkpoint &checkpoint);

// Keeps what lies under "<state_key>." alone, without that prefix; false where nothing does.
bool take_under(Checkpoint &checkpoint, const std::string &state_key);

// Drops averages of the weights ("ema.base.0.conv.weight") that lie beside these, or takes them where there are no others.
// Notes it.
void leave_averages(Checkpoint &checkpoint);

KeySet key_set_of(const Checkpoint &checkpoint);

}  // namespace hardnet
