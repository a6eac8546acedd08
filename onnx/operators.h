// The operators that an import knows, the opsets in which they mean what it takes them for, and their limits: one table,
// which the import itself asks and documentation is printed from.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "onnx/model.h"

namespace hardnet {

class OnnxImport;

struct OnnxOperator {
    const char *name;
    int64_t oldest, newest;                                       // opsets
    const char *limits;                                           // to people
    bool (*translate)(OnnxImport &import, const OnnxNode &node);  // false: it failed, and says why
};

const std::vector<OnnxOperator> &onnx_operators();
const OnnxOperator *find_onnx_operator(const std::string &name);  // null: there is none

// Their names, a few per line: what a refusal ends with.
std::vector<std::string> onnx_operator_lines();

}  // namespace hardnet
