// Tensors to a safetensors file, byte for byte the same for the same tensors.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "weights/weights.h"

namespace hardnet {

struct NamedTensor {
    std::string name;
    const FloatTensor *tensor;
};

// In the given order, names distinct. The header is padded with blanks so that the data starts at a multiple
// of 64.
Status write_tensors(const std::string &path, const std::vector<NamedTensor> &tensors,
                     const std::map<std::string, std::string> &metadata);

}  // namespace hardnet
