// Loops in a lowering pass are told by how their names end.
#pragma once
#include <string>

namespace hardnet {

inline bool ends_with(const std::string &text, const std::string &end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace hardnet
