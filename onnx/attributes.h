// A node's attributes as they are asked for; what is wrong with one, or was never asked for, is kept as the fault.
#pragma once
#include <string>
#include <vector>

#include "onnx/model.h"

namespace hardnet {

class NodeAttributes {
public:
    explicit NodeAttributes(const OnnxNode &node) : node_(node) {}

    bool has(const std::string &name) { return find_attribute(node_, name) != nullptr; }
    int64_t integer(const std::string &name, int64_t missing);
    float real(const std::string &name, float missing);
    std::string text(const std::string &name, const std::string &missing);
    std::vector<int64_t> integers(const std::string &name, const std::vector<int64_t> &missing);
    const OnnxTensor *tensor(const std::string &name);  // null: missing

    // Behind the last one asked for: "attribute "x": expected ..., found ..."; empty: all is well.
    std::string fault() const;

private:
    const OnnxAttribute *take(const std::string &name, OnnxAttributeType type);

    const OnnxNode &node_;
    std::vector<std::string> known_;
    std::string fault_;
};

}  // namespace hardnet
