// Packed weights made ahead of time, by the runtime's own code: what hardnet_open would make of the package's
// weights, as a file that it maps instead.
#pragma once
#include <string>

#include "base/result.h"
#include "compiler/plan.h"
#include "graph/network.h"

namespace hardnet {

// `weights`: the package's file of folded weights; `content`: what it says of itself under that key.
Status write_prepacked(const std::string &path, const std::string &name, const Network &network,
                       const Plan &plan, const std::string &weights, const std::string &content);

}  // namespace hardnet
