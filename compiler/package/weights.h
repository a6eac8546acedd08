// A package's weights: folded, and packed ahead of time where that is asked for.
#pragma once
#include <filesystem>
#include <string>

#include "compiler/package/write_package.h"
#include "package/manifest.h"

namespace hardnet {

// A hash of every value: a prepacked file names the weights that it was made of by it.
std::string weights_content(const Network &network, const FoldedWeights &weights);

// The folded weights, which name themselves by that hash, and what --prepack asks for.
Status write_weights(const PackageContents &contents, const std::filesystem::path &folder,
                     Manifest &manifest);

}  // namespace hardnet
