// What a network's outputs say of an image, in the network's own pixels.
#pragma once
#include <optional>
#include <vector>

#include "cli/vision.h"
#include "graph/task.h"
#include "package/loaded_package.h"

namespace hardnet {

using OutputValues = std::vector<const float *>;  // an image's, per output

class Decoder {
public:
    // Of detection it reads the priors that the package may hold. `loaded` outlives it.
    static Result<Decoder> open(const LoadedPackage &loaded, Task task);

    // Of segmentation; the threshold is for logits of one class.
    LabelMap mask(const OutputValues &outputs, std::optional<float> threshold = {}) const;
    // Of detection, with at least this score.
    Detections boxes(const OutputValues &outputs, std::optional<float> threshold = {}) const;

private:
    const LoadedPackage *loaded_ = nullptr;
    Task task_ = Task::kTensor;
    Priors priors_;
};

}  // namespace hardnet
