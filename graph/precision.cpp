#include "graph/precision.h"

namespace hardnet {

const char *name_of(Precision precision) { return precision == Precision::kInt16 ? "int16" : "fp32"; }

Result<Precision> precision_from_name(const std::string &name) {
    for (Precision p : {Precision::kFloat32, Precision::kInt16}) {
        if (name == name_of(p)) return p;
    }
    return usage_error("precision: expected fp32 or int16, found '" + name + "'");
}

}  // namespace hardnet
