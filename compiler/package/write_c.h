// The plan as C99 source: what the runtime walks, and what an application compiles with its own compiler.
#pragma once
#include <string>
#include <vector>

#include "compiler/gpu/kernel.h"
#include "compiler/plan.h"
#include "graph/network.h"

namespace hardnet {

struct PackageNames {
    std::string name;  // C symbol and file stem
    int batch = 1;
};

std::string plan_header(const Network &network, const PackageNames &names);
// `launches`: of the GPU's kernels, in the order of its plan.
std::string plan_source(const Network &network, const PackageNames &names, const std::vector<Plan> &plans,
                        const std::vector<gpu::Launch> &launches);
// A GPU's module, for its level in the plan.
std::string module_source(const PackageNames &names, const std::string &bytes);

}  // namespace hardnet
