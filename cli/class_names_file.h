// A file of class names, as `import` and `compile` take it.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace hardnet {

// One name per line, in UTF-8; a line end behind the last one is not a name more, and a byte order mark is no part of the
// first.
Result<std::vector<std::string>> read_class_names(const std::string &path);

}  // namespace hardnet
