// A checkpoint of any known key set, checked against a model and written under the authors' keys, saying what
// it is.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/records.h"

namespace hardnet {

// What the user says about a checkpoint; it goes before what the file and the record say.
struct ImportWishes {
    std::vector<std::string> class_names;  // empty: as the file or the record says; else one per class
    std::optional<int> resize_short;
    std::optional<std::vector<float>> mean, deviation;  // a number per input plane
    std::string state_key;  // of a file of torch.save: which part holds the weights; empty: the usual ones
};

// Reads `in` (safetensors, what torch.save wrote, or "seed:N"), checks it against `record` (at its own input size; the
// class count comes from the file) and writes `out`: the authors' keys, or folded ones where `folded`. Its
// __metadata__ holds, beside what `in` held: "model", "activation" ("relu", "relu6" or "none"),
// "block_activation" where that of the layers inside blocks differs, "classes", "preprocessing" (JSON:
// resize_short, mean, deviation), "class_names" (a JSON list, where there are some), "folded" ("true" or
// "false"). Returns notes for the user, one line each.
Result<std::vector<std::string>> import_checkpoint(const std::string &in, const ModelRecord &record,
                                                   const std::string &out, bool folded,
                                                   const ImportWishes &wishes = {});

}  // namespace hardnet
