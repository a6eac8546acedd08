// An average of the weights over the training (EMA) that lies in the same dictionary: its keys begin with "ema." or the
// like, beside the weights' own.
#include <fmt/core.h>

#include <algorithm>

#include "weights/keys.h"

namespace hardnet {
namespace {

// What training scripts call it; as tools/import/pth_to_safetensors.py has them for dictionaries of their own.
const char *const kAverages[] = {"ema",       "state_dict_ema", "model_ema", "ema_state_dict",
                                 "ema_model", "params_ema"};

bool is_under(const std::string &key, const std::string &prefix) { return key.rfind(prefix, 0) == 0; }

size_t count_under(const Checkpoint &checkpoint, const std::string &prefix) {
    return size_t(std::count_if(checkpoint.tensors.begin(), checkpoint.tensors.end(),
                                [&](const auto &entry) { return is_under(entry.first, prefix); }));
}

void keep_under(Checkpoint &checkpoint, const std::string &prefix) {
    std::map<std::string, FloatTensor> kept;
    for (auto &[key, tensor] : checkpoint.tensors)
        if (is_under(key, prefix)) kept.emplace(key.substr(prefix.size()), std::move(tensor));
    checkpoint.tensors = std::move(kept);
}

void drop_under(Checkpoint &checkpoint, const std::string &prefix) {
    for (auto at = checkpoint.tensors.begin(); at != checkpoint.tensors.end();)
        at = is_under(at->first, prefix) ? checkpoint.tensors.erase(at) : std::next(at);
}

}  // namespace

bool take_under(Checkpoint &checkpoint, const std::string &state_key) {
    const std::string prefix = state_key + ".";
    if (count_under(checkpoint, prefix) == 0) return false;
    keep_under(checkpoint, prefix);
    return true;
}

void leave_averages(Checkpoint &checkpoint) {
    for (const std::string average : kAverages) {
        const std::string prefix = average + ".";
        const size_t count = count_under(checkpoint, prefix);
        if (count == 0) continue;
        if (count == checkpoint.tensors.size()) {
            keep_under(checkpoint, prefix);
            checkpoint.notes.push_back(
                fmt::format("weights: the average under {}, since there are no others", average));
            return;
        }
        drop_under(checkpoint, prefix);
        checkpoint.notes.push_back(fmt::format(
            "weights: those beside, not their average under {} (--state-key {} takes it)", average, average));
    }
}

}  // namespace hardnet
