// An import while it goes from node to node: what each value of the model has become, and the layers so far.
#pragma once
#include <functional>
#include <map>
#include <memory>
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

// A batch norm in front of the layer that reads the value: max(0, x * scale + shift), per channel.
struct FrontNorm {
    FloatTensor scale, shift;
};

// A tensor of the network: some layers' channels, one behind another.
struct OnnxValue {
    std::vector<int> parts;  // layers, or kNetworkInput
    Shape shape;
    bool flat = false;                        // [batch, elements] in the model
    std::shared_ptr<const FrontNorm> norm{};  // still to be applied; only where the one reader takes it in
    // Above 0: the parts' pixels one behind another, channels innermost, in rows of so many numbers; see onnx/rows.cpp.
    int64_t row = 0;
    int rank =
        4;  // of rows in the model: 4 has each part's extents, 3 is [batch, rows, row], 2 [batch, elements]
};

// A scalar or a list of numbers, known before any image. Integers up to 2^53 are exact, and larger ones only bound slices.
struct OnnxConstant {
    bool scalar = false, real = false;
    std::vector<double> values;
};

// What tells the layers of a value's parts apart: "" of the only one, else ".2".
std::string part_suffix(const OnnxValue &value, size_t part);

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

    // A known number for each of the value's channels: one for all, or [C, 1, 1].
    bool read_per_channel(const OnnxNode &node, size_t input, const OnnxValue &of, std::vector<float> &to);

    // The layers whose results the input is, if nothing but `uses` inputs in all reads them; else none.
    std::vector<Layer *> own_layers(const OnnxNode &node, size_t input, int uses = 1);
    // The one layer; null where there are none or several.
    Layer *own_layer(const OnnxNode &node, size_t input, int uses = 1);
    // The layer in front of the last one, if that is `layer`, reads it alone, and nothing else reads it; else null.
    Layer *own_source(const Layer &layer);
    // The one node that reads the value; null where there is another one or none, or where it is an output.
    const OnnxNode *only_reader(const std::string &name) const;
    // Where a sum's operands are the last two layers, convolutions that nothing else reads, the one whose sources
    // come first runs first.
    void put_shortcut_first(const OnnxNode &sum);
    // False where the layer is not the last one. The node's input, its result, becomes that of its source.
    bool drop_last_layer(const Layer &layer, const OnnxNode &node, size_t input);
    bool count_weights(size_t elements);  // so many more fit
    bool count_tables(size_t elements);   // of rows and columns, likewise
    FoldedLayer &weights_of(const Layer &layer) { return weights_.layers[size_t(&layer - layers_.data())]; }
    int index_of(const Layer &layer) const { return int(&layer - layers_.data()); }
    const Shape &shape_of(int part) const {
        return part == kNetworkInput ? input_ : layers_[size_t(part)].out;
    }

    // Named after the node, and `suffix`; reads `sources`, its output is as its input. Null: too many. Of the image only
    // a convolution reads the planes; others read a layer that keeps them as tensors are kept.
    Layer *add_layer(const OnnxNode &node, OpKind op, const std::vector<int> &sources,
                     const std::string &suffix = "");
    // The same for each part of `value`, which becomes that layer; `finish(layer, part)` makes it what it is.
    bool add_to_each(const OnnxNode &node, OpKind op, OnnxValue &value,
                     const std::function<void(Layer &layer, size_t part)> &finish,
                     const std::string &suffix = "");
    void take_norm(const OnnxValue &image, Layer &layer);  // the image's pending one, if there is one
    bool give(const OnnxNode &node, const OnnxValue &value, size_t output = 0);
    std::optional<int> as_layer(int part);  // the part, or the layer that keeps the image; none: too many
    bool give_own(const OnnxNode &node, size_t input);  // own_layer()'s, with the node now part of it
    // The node's input, one pixel, as it is; only where all that reads it combines it with an image of this shape.
    bool give_expanded(const OnnxNode &node, const Shape &to);
    const Shape *expansion(const OnnxNode &node, size_t input) const;  // null: as the value's own
    void set_channel_weights(Layer &layer, const float *values);       // a value per channel
    bool give(const OnnxNode &node, const OnnxConstant &constant);
    bool give(const OnnxNode &node, const OnnxTensor &tensor);

    bool fail(const std::string &text, std::vector<std::string> detail = {});  // of the node at hand; false
    bool accept(const NodeAttributes &attributes);  // behind the last one asked for: none is wrong or unknown
    const OnnxLimits &limits() const { return options_.limits; }
    int64_t opset() const { return model_.opset; }
    int64_t batch() const { return batch_; }  // the first extent of images, flat ones and rows in the model

private:
    bool find_wanted();
    bool prepare();
    bool read_input();
    bool read_outputs();
    bool translate(const OnnxNode &node);
    const std::string &resolved(const std::string &name) const;
    std::string layer_name(const OnnxNode &node, const std::string &suffix);
    bool is_new(const std::string &name);
    Layer *append(const std::string &name, OpKind op, const std::vector<int> &sources);
    bool count_layer(size_t reads);  // one more fits

    const OnnxModel &model_;
    const OnnxOptions &options_;
    std::string place_;  // the node at hand
    std::optional<Error> error_;

    std::vector<std::string> wanted_;                  // the outputs' names
    std::map<std::string, std::string> aliases_;       // outputs of what changes nothing
    std::map<std::string, int> uses_;                  // by nodes that are needed, and as outputs
    std::map<std::string, const OnnxNode *> readers_;  // the last one of each value
    std::set<std::string> read_whole_;                 // by others than sums and products
    std::map<std::string, Shape> expansions_;          // of one pixel
    std::vector<bool> needed_;                         // by node
    std::map<std::string, const OnnxTensor *> tensors_;
    std::map<std::string, OnnxConstant> constants_;
    std::map<std::string, OnnxValue> values_;

    Shape input_;
    int64_t batch_ = 1;
    int image_layer_ = kNoLayer;  // the input as a layer, once one is needed
    std::vector<Layer> layers_;
    std::vector<std::string>
        own_names_;  // by layer: the value that its result is or is part of, with all that went into it
    std::vector<Output> outputs_;
    FoldedWeights weights_;
    std::set<std::string> names_;
    size_t reads_ = 0, weight_elements_ = 0, table_elements_ = 0;
};

}  // namespace hardnet
