#include "base/cpu_name.h"

#include <fstream>
#include <iterator>
#include <sstream>

namespace hardnet {

std::string cpu_name() {
    std::ifstream file("/proc/cpuinfo");
    return cpu_name(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::string cpu_name(const std::string &cpuinfo) {
    std::istringstream lines(cpuinfo);
    std::string implementer, part;
    for (std::string line; std::getline(lines, line);) {
        const size_t colon = line.find(": ");
        if (colon == std::string::npos) continue;
        const std::string value = line.substr(colon + 2);
        if (line.rfind("model name", 0) == 0) return value;
        if (implementer.empty() && line.rfind("CPU implementer", 0) == 0) implementer = value;
        if (part.empty() && line.rfind("CPU part", 0) == 0) part = value;
    }
    return implementer.empty() ? "unknown" : "CPU implementer " + implementer + ", part " + part;
}

}  // namespace hardnet
