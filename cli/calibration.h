// compile --calibrate: what the tensors of the float32 network hold on somebody's pictures.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "compiler/compile.h"

namespace hardnet {

struct CalibrationSettings {
    std::vector<std::string> paths;
    CompileOptions compile;  // as the package will be
    std::optional<double> most_error;
    bool roughly =
        false;  // on kFewestInputs of them, and nothing of what integers lose: enough to time kernels
};

// Runs what `paths` name through the network, compiled for this machine in float32: pictures and folders of them, by the
// network's own preprocessing; .npy files, float32 [N, planes, height, width]; or "seed:N", kSeededInputs random inputs.
// Or takes the ranges of the one package that they name, which must be of the same network. Anything that cannot be
// read, fewer than kFewestInputs, an input with a NaN and one that is the same number everywhere are errors. Then
// measures what integers lose on some of them, where this machine can run them, and keeps layers in a finer precision until
// outputs lose no more than `most_error`.
Calibrator calibrator(CalibrationSettings settings);

}  // namespace hardnet
