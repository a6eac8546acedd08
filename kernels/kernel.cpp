#include "kernels/kernel.h"

namespace hardnet {

std::string key(const KernelSpec &spec) {
    return std::visit([](const auto &s) { return s.key(); }, spec);
}

std::string operator_name(const KernelSpec &spec) {
    const std::string text = key(spec);
    return text.substr(0, text.find(' '));
}

std::vector<KernelParameter> parameters(const KernelSpec &spec) {
    return std::visit([](const auto &s) { return s.parameters(); }, spec);
}

}  // namespace hardnet
