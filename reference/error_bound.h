// How far a package's results may be from the reference in double before it is called broken.
#pragma once
#include "graph/precision.h"

namespace hardnet {

// Relative RMS that a tensor is allowed. `plain` is what plain arithmetic in float32 makes of the same tensor with
// the same weights and input: networks differ a hundredfold in what they make of a rounding error, so no constant
// is right for all. `recorded` is what the lossy layers up to there add, as the package records it; float32 has none.
double error_bound(double plain, double recorded, Precision precision);

// Beyond it a result is wrong whatever the network makes of rounding: of float32 fewer than three digits are left.
double error_ceiling(Precision precision);

}  // namespace hardnet
