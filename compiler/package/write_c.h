// The plan as C99 source: what the runtime walks, and what an application compiles with its own compiler.
#pragma once
#include <string>
#include <vector>

#include "compiler/plan.h"
#include "graph/network.h"

namespace hardnet {

struct PackageNames {
    std::string name;  // C symbol and file stem
    int batch = 1;
};

std::string plan_header(const Network &network, const PackageNames &names);
std::string plan_source(const Network &network, const PackageNames &names, const std::vector<Plan> &plans);

}  // namespace hardnet
