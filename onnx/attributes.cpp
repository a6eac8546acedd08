#include "onnx/attributes.h"

#include <algorithm>

#include "base/text.h"

namespace hardnet {
namespace {

const char *attribute_type_name(OnnxAttributeType type) {
    switch (type) {
        case OnnxAttributeType::kFloat:
            return "a float";
        case OnnxAttributeType::kInt:
            return "an int";
        case OnnxAttributeType::kString:
            return "a string";
        case OnnxAttributeType::kTensor:
            return "a tensor";
        case OnnxAttributeType::kFloats:
            return "floats";
        default:
            return "ints";
    }
}

}  // namespace

const OnnxAttribute *NodeAttributes::take(const std::string &name, OnnxAttributeType type) {
    known_.push_back(name);
    const OnnxAttribute *attribute = find_attribute(node_, name);
    if (!attribute || attribute->type == type) return attribute;
    if (fault_.empty())
        fault_ = "attribute " + name + ": expected " + attribute_type_name(type) + ", found " +
                 attribute_type_name(attribute->type);
    return nullptr;
}

int64_t NodeAttributes::integer(const std::string &name, int64_t missing) {
    const OnnxAttribute *attribute = take(name, OnnxAttributeType::kInt);
    return attribute ? attribute->i : missing;
}

float NodeAttributes::real(const std::string &name, float missing) {
    const OnnxAttribute *attribute = take(name, OnnxAttributeType::kFloat);
    return attribute ? attribute->f : missing;
}

std::string NodeAttributes::text(const std::string &name, const std::string &missing) {
    const OnnxAttribute *attribute = take(name, OnnxAttributeType::kString);
    return attribute ? attribute->s : missing;
}

std::vector<int64_t> NodeAttributes::integers(const std::string &name, const std::vector<int64_t> &missing) {
    const OnnxAttribute *attribute = take(name, OnnxAttributeType::kInts);
    return attribute ? attribute->ints : missing;
}

const OnnxTensor *NodeAttributes::tensor(const std::string &name) {
    const OnnxAttribute *attribute = take(name, OnnxAttributeType::kTensor);
    return attribute ? &attribute->tensor : nullptr;
}

std::string NodeAttributes::fault() const {
    if (!fault_.empty()) return fault_;
    for (const OnnxAttribute &attribute : node_.attributes)
        if (std::find(known_.begin(), known_.end(), attribute.name) == known_.end())
            return "attribute " + shown(attribute.name) + ": expected none of this name, found one";
    return "";
}

}  // namespace hardnet
