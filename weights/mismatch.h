// Whether a checkpoint holds what a network needs, and what to tell the user if not.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "weights/keys.h"

namespace hardnet {

constexpr size_t kMostDetails = 10;  // lines of an error about a checkpoint

// "[64, 32, 3, 3]"
std::string text_of(const std::vector<int64_t> &shape);

// Nothing where the checkpoint, under these keys, has exactly the network's parameters in their shapes. Else
// an error that counts what is missing, extra and misshapen, details ten of them, and names the built-in
// network that fits.
std::optional<Error> mismatch(const Network &network, const Checkpoint &checkpoint, KeySet keys);

}  // namespace hardnet
