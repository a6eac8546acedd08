// What find_package reads in a package.
#pragma once
#include <string>

namespace hardnet {

std::string cmake_config(const std::string &name, bool cpu, bool gpu);

}  // namespace hardnet
