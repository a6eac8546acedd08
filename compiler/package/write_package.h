// The package on disk: header, plan, kernels, weights, manifest, CMake config. It is written beside its place
// and moved there when it is whole.
#pragma once
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/emission/kernel.h"
#include "compiler/plan.h"

namespace hardnet {

struct PackageContents {
    const CompileOptions &options;
    const Model &model;
    std::string name;
    const std::vector<Plan> &plans;
    const std::vector<KernelJob> &jobs;       // every kernel of every plan, in order
    const std::vector<std::string> &objects;  // their files
};

// A package may be written to `folder`: it does not exist, is empty, or holds a package.
Status check_package_folder(const std::string &folder);

Status write_package(const PackageContents &contents, CompileReport &report);

}  // namespace hardnet
