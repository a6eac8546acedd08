// A checkpoint of any known key set, checked against a model and written under the authors' keys, saying what
// it is.
#pragma once
#include <string>
#include <vector>

#include "models/records.h"
#include "models/result.h"

namespace hardnet {

// Reads `in`, checks it against `record` (at its own input size; the class count comes from the file) and
// writes `out`: the authors' keys, or folded ones where `folded`. Its __metadata__ holds, beside what `in`
// held: "model", "activation"
// ("relu" or "relu6"), "classes", "preprocessing" (JSON: resize_short, mean, deviation), "class_names" (a
// JSON list, where the record has some), "folded" ("true" or "false"). Returns notes for the user, one line
// each.
Result<std::vector<std::string>> import_checkpoint(const std::string &in, const HardnetRecord &record,
                                                   const std::string &out, bool folded);

}  // namespace hardnet
