// What a package's arithmetic is done in.
#pragma once
#include <string>

#include "base/result.h"

namespace hardnet {

enum class Precision { kFloat32, kInt16, kInt8 };  // the finest first

Result<Precision> precision_from_name(const std::string &name);  // "fp32", "int16", "int8"
const char *name_of(Precision precision);

}  // namespace hardnet
