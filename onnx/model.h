// An ONNX model as plain structs: of the format's messages what an import needs, names as in onnx.proto. Bytes of
// tensors stay where they lie, in the file's or in another.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace hardnet {

// What a file may hold; each is far above what networks have, and keeps what a small file can ask for small.
constexpr size_t kOnnxMostNameBytes = 1024, kOnnxMostRank = 8, kOnnxMostAttributes = 32;
constexpr int64_t kOnnxMostElements = INT32_MAX;  // of a tensor, as graph/check_network.h has it

// How much a file may ask for. Others than these are for tests, whose files are small.
struct OnnxLimits {
    size_t nodes = 1 << 16, tensors = 1 << 16, names = 1 << 20;
    size_t numbers = 1 << 22;  // of lists: attributes, dimensions, tensors not stored as bytes
    size_t layers = 1 << 14, reads = 1 << 20;  // of all layers; concatenations of concatenations
    size_t convolutions = 256;                 // that a grouped one becomes
    size_t weights = 1 << 30;                  // elements: 4 GiB of float32
    size_t tables = 1 << 24;  // elements; small files can ask for many, networks need below 2^20
};

// By the format's numbers. A tensor has one of those that this library reads; a value's may be any.
enum class OnnxType { kUndefined = 0, kFloat = 1, kInt32 = 6, kInt64 = 7, kBool = 9, kDouble = 11 };
std::string name_of(OnnxType type);  // "float32", "type 16"
size_t bytes_of(OnnxType type);      // of an element; 0: not read here

struct OnnxExternalPlace {
    std::string location;  // a file's name
    uint64_t offset = 0;
    std::optional<uint64_t> length;
};

struct OnnxTensor {
    std::string name;
    std::vector<int64_t> dims;  // outermost first; none: a scalar
    OnnxType type = OnnxType::kUndefined;
    // Its elements, in one of three places:
    ByteView bytes{nullptr, 0};     // little-endian, in the model's file, where neither of the others
    std::vector<int64_t> integers;  // integers that the file holds as varints
    std::optional<OnnxExternalPlace> external;  // in another file

    int64_t elements() const {
        int64_t product = 1;
        for (int64_t extent : dims) product *= extent;
        return product;
    }
};

enum class OnnxAttributeType {  // the format's numbers
    kFloat = 1,
    kInt = 2,
    kString = 3,
    kTensor = 4,
    kFloats = 6,
    kInts = 7,
};

struct OnnxAttribute {
    std::string name;
    OnnxAttributeType type = OnnxAttributeType::kInt;
    float f = 0;
    int64_t i = 0;
    std::string s;
    OnnxTensor tensor;
    std::vector<float> floats;
    std::vector<int64_t> ints;
};

struct OnnxNode {
    std::string name, op_type;
    std::string domain;                        // "": the default one
    std::vector<std::string> inputs, outputs;  // names of values; "": left out
    std::vector<OnnxAttribute> attributes;
    std::string refusal;  // why it cannot be a network's, "expected ..., found ..."; empty: it may be
};

// Null: the node has none of this name.
inline const OnnxAttribute *find_attribute(const OnnxNode &node, const std::string &name) {
    for (const OnnxAttribute &attribute : node.attributes)
        if (attribute.name == name) return &attribute;
    return nullptr;
}

struct OnnxDimension {
    std::optional<int64_t> value;
    std::string symbol;  // where there is no value; may be empty
};

struct OnnxValueInfo {
    std::string name;
    OnnxType type = OnnxType::kUndefined;
    bool has_shape = false;
    std::vector<OnnxDimension> dims;
};

struct OnnxGraph {
    std::string name;
    std::vector<OnnxNode> nodes;
    std::vector<OnnxTensor> initializers;
    std::vector<OnnxValueInfo> inputs, outputs;
};

struct OnnxModel {
    FileBytes file;    // what `bytes` of tensors lie in; empty where the caller owns them
    std::string path;  // for errors, and its folder is where external data lies
    int64_t ir_version = 0;
    int64_t opset = 0;                 // of the default domain
    std::vector<std::string> domains;  // the others' names
    OnnxGraph graph;
};

}  // namespace hardnet
