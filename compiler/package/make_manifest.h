// The manifest of a package that is being made.
#pragma once
#include "compiler/package/write_package.h"
#include "package/manifest.h"

namespace hardnet {

Manifest make_manifest(const PackageContents &contents);

}  // namespace hardnet
