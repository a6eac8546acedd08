// What find_package reads in a package.
#pragma once
#include <string>
#include <vector>

namespace hardnet {

// `cpu`: there are archives of kernels. `sources`: the plan, and modules of GPUs' kernels.
std::string cmake_config(const std::string &name, bool cpu, const std::vector<std::string> &sources);

}  // namespace hardnet
