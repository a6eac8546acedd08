// The checkpoints of this folder, and whether this machine can read them.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/records.h"

namespace hardnet::testing {

inline std::string checkpoint_path(const std::string &name) {
    return std::string(HARDNET_CHECKPOINTS) + "/" + name;
}

inline ModelRecord small_record(const std::string &name) {
    return *find_record(checkpoint_path(name + ".json"));
}

// PyTorch's logits in double, of the seeded input of seed 1.
inline std::vector<double> golden_logits(const std::string &record, const std::string &arrangement) {
    std::ifstream file(checkpoint_path("logits.json"));
    return nlohmann::json::parse(file).at(record).at(arrangement);
}

// Asks the interpreters themselves, not the program under test.
inline bool has_torch() {
    static const bool found = std::system(
                                  "python3 -c 'import torch' >/dev/null 2>&1 || "
                                  "/usr/bin/python3 -c 'import torch' >/dev/null 2>&1") == 0;
    return found;
}

#define SKIP_WITHOUT_TORCH() \
    if (!has_torch()) GTEST_SKIP() << "python3 has no PyTorch (apt-get install python3-torch)"

}  // namespace hardnet::testing
