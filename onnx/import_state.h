// An import while it goes from node to node: what each value of the model has become, and the layers so far.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/check_network.h"
#include "onnx/attributes.h"
#include "onnx/import.h"

namespace hardnet {

constexpr size_t kMostParts = 1024;        // of a concatenation
constexpr size_t kMostKnownNumbers = 256;  // of a list; shapes have a few

// A tensor of the network: some layers' channels, one behind another.
struct OnnxValue {
    std::vector<int> parts;  // layers, or kNetworkInput
    Shape shape;
    bool flat = false;  // [batch, elements] in the model
};

// A scalar or a list of numbers, known before any image. Integers up to 2^53 are exact, and larger ones only bound slices.
struct OnnxConstant {
    bool scalar = false, real = false;
    std::vector<double> values;
};

// Letters that are safe in files and code; a path's slashes become points.
std::string plain_name(const std::string &name);

class OnnxImport {
public:
    OnnxImport(const OnnxModel &model, const OnnxOptions &options) : model_(model), options_(options) {}
    Result<OnnxNetwork> run();

    // Of the node's input of that number, each: null where the value is of another kind.
    const OnnxValue *value(const OnnxNode &node, size_t input) const;
    const OnnxConstant *constant(const OnnxNode &node, size_t input);
    const OnnxTensor *tensor(const OnnxNode &node, size_t input) const;
    bool has_input(const OnnxNode &node, size_t input) const {
        return input < node.inputs.size() && !node.inputs[input].empty();
    }
    // The same where an input must be one; a failure names it.
    const OnnxValue *need_image(const OnnxNode &node, size_t input);  // [batch, channels, height, width]
    // Whole numbers of an input that is known; as they are where the input is left out.
    bool read_list(const OnnxNode &node, size_t input, std::vector<int64_t> &to);
    bool need_weights(const OnnxNode &node, size_t input, size_t rank, FloatTensor &to);

    // The layer whose result the input is, if it is that of one layer and nothing else reads it; else null.
    Layer *own_layer(const OnnxNode &node, size_t input);
    FoldedLayer &weights_of(const Layer &layer) { return weights_.layers[size_t(&layer - layers_.data())]; }
    int index_of(const Layer &layer) const { return int(&layer - layers_.data()); }
    const Shape &shape_of(int part) const {
        return part == kNetworkInput ? input_ : layers_[size_t(part)].out;
    }

    // Named after the node, and `suffix`; reads `sources`, its output is as its input. Null: too many.
    Layer *add_layer(const OnnxNode &node, OpKind op, const std::vector<int> &sources,
                     const std::string &suffix = "");
    bool give(const OnnxNode &node, const OnnxValue &value, size_t output = 0);
    bool give_own(const OnnxNode &node, size_t input);  // own_layer()'s, with the node now part of it
    bool give(const OnnxNode &node, const OnnxConstant &constant);
    bool give(const OnnxNode &node, const OnnxTensor &tensor);

    bool fail(const std::string &text, std::vector<std::string> detail = {});  // of the node at hand; false
    bool accept(const NodeAttributes &attributes);  // behind the last one asked for: none is wrong or unknown
    int64_t opset() const { return model_.opset; }

private:
    bool prepare();
    bool read_input();
    bool read_outputs();
    bool translate(const OnnxNode &node);
    const std::string &resolved(const std::string &name) const;
    std::string layer_name(const OnnxNode &node, const std::string &suffix);
    bool is_new(const std::string &name);

    const OnnxModel &model_;
    const OnnxOptions &options_;
    std::string place_;  // the node at hand
    std::optional<Error> error_;

    std::map<std::string, std::string> aliases_;  // outputs of what changes nothing
    std::map<std::string, int> uses_;             // by nodes that are needed, and as outputs
    std::vector<bool> needed_;                    // by node
    std::map<std::string, const OnnxTensor *> tensors_;
    std::map<std::string, OnnxConstant> constants_;
    std::map<std::string, OnnxValue> values_;

    Shape input_;
    std::vector<Layer> layers_;
    std::vector<std::string>
        own_names_;  // by layer: the value that its result is, with all that went into it
    std::vector<Output> outputs_;
    FoldedWeights weights_;
    std::set<std::string> names_;
    size_t reads_ = 0, weight_elements_ = 0;
};

}  // namespace hardnet
