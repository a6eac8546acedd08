// The manifest of a package that is being made.
#pragma once
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/plan.h"
#include "package/manifest.h"

namespace hardnet {

Manifest make_manifest(const CompileOptions &options, const Model &model, const std::string &name,
                       const std::vector<Plan> &plans);

}  // namespace hardnet
