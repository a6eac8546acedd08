// The plan as C99 source: what the runtime walks, and what an application compiles with its own compiler.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "compiler/plan.h"
#include "models/network.h"

namespace hardnet {

struct PackageNames {
    std::string name;  // C symbol and file stem
    int batch = 1;
};

// Rows of G by position: the row point's and the column point's.
struct TransformTables {
    std::vector<std::array<double, 3>> rows, columns;
};
TransformTables transform_tables(const Tiling &tiling);

std::string plan_header(const Network &network, const PackageNames &names);
std::string plan_source(const Network &network, const PackageNames &names, const std::vector<Plan> &plans);

}  // namespace hardnet
