// What the layers of an integer package lose beside the float32 one, and which of them to keep in a finer precision.
#pragma once
#include <optional>

#include "cli/calibration_inputs.h"
#include "compiler/compile.h"

namespace hardnet {

// `calibration` with its layers' errors on the first inputs: a package is compiled as `trial` says and run beside
// `float32`. While outputs are off by more than `most_error`, relative RMS, the layers that add most are kept in the next
// finer precision, twice as many each time; an error where none is left to keep. Without it those of int8 are, while outputs
// are off by more than 4e-2. Where this CPU runs no level of the package, nothing is measured, and `most_error` is refused.
Result<Calibration> with_errors(const Model &model, CompileOptions trial, LoadedPackage &float32,
                                const Inputs &inputs, std::optional<double> most_error,
                                Calibration calibration);

}  // namespace hardnet
