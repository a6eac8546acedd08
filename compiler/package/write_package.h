// The package on disk: header, plan, kernels, weights, manifest, CMake config. It is made apart and moved to its
// place when it is whole.
#pragma once
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/emission/kernel.h"
#include "compiler/gpu/module.h"
#include "compiler/package/place.h"
#include "compiler/plan.h"

namespace hardnet {

struct PackageContents {
    const CompileOptions &options;
    const Model &model;
    std::string name;
    const Calibration &calibration;  // without ranges: everything is float32
    const std::vector<Plan> &plans;
    const std::vector<KernelJob> &jobs;       // every kernel of every plan, in order
    const std::vector<std::string> &objects;  // their files
    const std::vector<gpu::Module> &modules;  // of every plan; empty of a CPU's
};

// Into a place that package_place has found good.
Status write_package(const PackageContents &contents, const PackagePlace &place, CompileReport &report);

}  // namespace hardnet
