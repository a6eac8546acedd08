// What the layers of a running network hold, read while it is there.
#pragma once
#include <functional>
#include <vector>

#include "package/loaded_package.h"

namespace hardnet {

// Runs the first image step by step on the input that is in place. `each` is called once per layer whose output lies in
// memory whole, behind the step that completes it; `values` are CHW, of int16 what these stand for.
Status run_by_layers(LoadedPackage &loaded,
                     const std::function<Status(size_t layer, std::vector<float> values)> &each);

}  // namespace hardnet
