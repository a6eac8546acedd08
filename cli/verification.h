// A package's results beside those of the reference operators, on an input that both make themselves from a
// seed.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "package/loaded_package.h"
#include "reference/compare.h"

namespace hardnet {

struct LayerCheck {
    std::string layer, algorithm;
    Difference difference;  // from the reference run through all layers before it: errors add up
    double plain = 0;       // relative RMS of plain float32 operators, run through all layers before it too
    double bound = 0;       // relative RMS: error_bound() of what stands before, or the user's own
    bool holds() const { return difference.relative_rms <= bound; }
};

struct Verification {
    uint64_t seed = 1;
    std::vector<LayerCheck> outputs;  // each the worst of the images that were compared
    int images = 0;                   // of the batch: the first and the last
    std::vector<LayerCheck> layers;   // of the first image; those whose output lies in memory whole
    bool holds() const;
};

struct VerifySettings {
    uint64_t seed = 1;
    std::optional<double> output_bound;  // relative RMS, in place of error_bound()'s
    bool per_layer = false;
    std::function<void(int done, int total, const std::string &layer)> progress;
};

// The weights are the package's own folded ones, so folding is not part of what is compared.
Result<Verification> verify_package(LoadedPackage &loaded, const VerifySettings &settings);

std::string to_json(const Verification &verification, const LoadedPackage &loaded);

}  // namespace hardnet
