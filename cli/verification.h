// A package's results beside those of the reference operators.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "package/loaded_package.h"
#include "reference/compare.h"
#include "weights/weights.h"

namespace hardnet {

struct LayerCheck {
    std::string layer, algorithm;
    Difference difference;  // from the reference run through all layers before it: errors add up
    double plain = 0;       // relative RMS of plain float32 operators, run through all layers before it too
    double bound = 0;       // relative RMS: error_bound() of what stands before, or the user's own
    bool holds() const { return difference.relative_rms <= bound; }
};

struct Verification {
    std::string input;                // "seed:1", or the settings'
    std::vector<LayerCheck> outputs;  // each the worst of the images that were compared
    int images = 0;                   // of the batch: the first and the last
    std::vector<LayerCheck> layers;   // of the first image; those whose output lies in memory whole
    bool holds() const;
};

struct VerifySettings {
    uint64_t seed = 1;                   // of random input, where there is no picture
    std::string picture;                 // a file that is the input of every image of the batch
    std::optional<double> output_bound;  // relative RMS, in place of error_bound()'s
    bool per_layer = false;
    std::function<void(int done, int total, const std::string &layer)> progress;
};

Result<FoldedWeights> package_weights(const LoadedPackage &loaded);

// The weights are the package's own folded ones, so folding is not part of what is compared.
Result<Verification> verify_package(LoadedPackage &loaded, const VerifySettings &settings);

nlohmann::ordered_json json_of(const Verification &verification, const LoadedPackage &loaded);

}  // namespace hardnet
