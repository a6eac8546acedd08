// The plan as C99 source: what the runtime walks, and what an application compiles with its own compiler.
#pragma once
#include <string>
#include <vector>

#include "compiler/gpu/module.h"
#include "compiler/plan.h"
#include "graph/network.h"

namespace hardnet {

struct PackageNames {
    std::string name;  // C symbol and file stem
    int batch = 1;
};

std::string plan_header(const Network &network, const PackageNames &names);
// `modules`: parallel to the plans, with the launches of GPUs' kernels.
std::string plan_source(const Network &network, const PackageNames &names, const std::vector<Plan> &plans,
                        const std::vector<gpu::Module> &modules);
// A GPU's module, for its level in the plan.
std::string module_source(const PackageNames &names, const std::string &level, const std::string &bytes);

}  // namespace hardnet
