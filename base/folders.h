// Whether a folder can be written, asked before there is anything to lose.
#pragma once
#include <string>

namespace hardnet {

// Why nothing can be made in the folder, as the system says it; "" where something can. Asked by making a folder in
// it, which goes again: permission bits alone say nothing of a read-only mount, of root, of /proc.
std::string why_unwritable(const std::string &folder);

}  // namespace hardnet
