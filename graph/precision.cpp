#include "graph/precision.h"

namespace hardnet {

const char *name_of(Precision precision) {
    switch (precision) {
        case Precision::kFloat32:
            return "fp32";
        case Precision::kInt16:
            return "int16";
        case Precision::kInt8:
            return "int8";
    }
    return "";
}

Result<Precision> precision_from_name(const std::string &name) {
    for (Precision p : {Precision::kFloat32, Precision::kInt16, Precision::kInt8}) {
        if (name == name_of(p)) return p;
    }
    return usage_error("precision: expected fp32, int16 or int8, found '" + name + "'");
}

}  // namespace hardnet
