// A GPU's plan: a launch per call, of kernels that compute all rows and channels of a layer and all images.
#pragma once
#include "compiler/plan.h"

namespace hardnet::gpu {

Result<Plan> make_plan(const Network &network, const Machine &machine, const PlanOptions &options);

}  // namespace hardnet::gpu
