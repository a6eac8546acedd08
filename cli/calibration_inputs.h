// What `compile --calibrate` runs a network on.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "package/loaded_package.h"

namespace hardnet {

// One input: how errors name it, and what puts it into the place of the package's first image.
struct Input {
    std::string name;
    std::function<Status(LoadedPackage &)> put;
};
using Inputs = std::vector<Input>;

constexpr int kFewestInputs = 8, kSeededInputs = 64;

// Of pictures, folders of them, .npy files and "seed:N"; what is wrong with a picture shows when it is put.
Result<Inputs> inputs_of(const std::vector<std::string> &paths, const Network &network);

// A NaN, or the same number everywhere, in the first image's place.
Status check_input(const LoadedPackage &loaded, const std::string &name);

}  // namespace hardnet
