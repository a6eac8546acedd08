// Sums, differences, products and quotients: of two images, of an image and another's value per channel or pixel, of an
// image and known numbers.
#include <algorithm>
#include <cmath>

#include "onnx/translate.h"
#include "weights/norm.h"

namespace hardnet {
namespace {

std::optional<bool> given(bool done) { return done ? std::optional<bool>(true) : std::nullopt; }

bool is_one_pixel(const Shape &shape) { return shape.height * shape.width == 1; }

// x * sigmoid(x) is one activation, and so with its hard form; the product's input `gate` is the sigmoid of the other one.
// Into the layer in front where nothing else reads that. Whether the node is taken, as of the two below; none: an error.
std::optional<bool> take_gate(OnnxImport &import, const OnnxNode &node, size_t gate) {
    Layer *sigmoid = import.own_layer(node, gate);
    const OnnxValue *other = import.value(node, 1 - gate);
    if (!sigmoid || sigmoid->op != OpKind::kActivate || !other || other->parts != sigmoid->sources())
        return false;
    const Activation a = sigmoid->activation;
    const bool hard =
        a.kind == Activation::kHardSigmoid && std::abs(a.first - 1.0f / 6) < 1e-7f && a.second == 0.5f;
    if (a != Activation::kSigmoid && !hard) return false;
    const Activation whole = hard ? Activation::kHardSwish : Activation::kSilu;
    Layer *front = import.own_layer(node, 1 - gate, 2);  // read by the sigmoid and by the product
    if (front && takes_activation(*front) && import.drop_last_layer(*sigmoid, node, gate)) {
        front->activation = whole;
        return given(import.give_own(node, 1 - gate));
    }
    sigmoid->activation = whole;
    return given(import.give_own(node, gate));
}

// The later of the two is a convolution, which reads the other one; it runs behind it.
std::optional<bool> take_residual(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue &a = *import.value(node, 0), &b = *import.value(node, 1);
    if (a.parts.size() != 1 || b.parts.size() != 1 || !(a.shape == b.shape) || a.parts == b.parts)
        return false;
    import.put_shortcut_first(node);  // of a and b, too
    const int parts[2] = {a.parts[0], b.parts[0]};
    const size_t later = parts[0] > parts[1] ? 0 : 1;
    Layer *layer = import.own_layer(node, later);
    if (!layer || layer->op != OpKind::kConv || layer->activation != Activation::kNone ||
        layer->operand() != kNoLayer || layer->sources()[0] == kNetworkInput ||
        parts[1 - later] == kNetworkInput)
        return false;
    layer->reads.push_back({parts[1 - later], Role::kOperand});
    return given(import.give_own(node, later));
}

// x / (0.1 + sum over the image of x) is one operator.
std::optional<bool> take_spatial_norm(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue image = *import.value(node, 0);
    const Layer *shift = import.own_layer(node, 1);
    const Layer *sum = shift && shift->op == OpKind::kShift ? import.own_source(*shift) : nullptr;
    if (!sum || sum->op != OpKind::kGlobalSum || sum->sources() != image.parts) return false;
    const std::vector<float> &shifts = import.weights_of(*shift).weight.values;
    if (!std::all_of(shifts.begin(), shifts.end(), [](float value) { return value == 0.1f; })) return false;
    import.drop_last_layer(*shift, node, 1);
    import.drop_last_layer(*sum, node, 1);
    OnnxValue result = image;
    return given(import.add_to_each(node, OpKind::kSpatialNorm, result, [](Layer &, size_t) {}) &&
                 import.give(node, result));
}

// The channels of `operand` that belong to each part of `value`, as layers; one channel belongs to all of them.
bool split_alike(OnnxImport &import, const OnnxNode &node, const OnnxValue &value, const OnnxValue &operand,
                 std::vector<int> &parts) {
    if (operand.shape.channels == 1) {
        parts.assign(value.parts.size(), operand.parts[0]);
        return true;
    }
    parts = operand.parts;
    const auto alike = [&](int a, int b) {
        return import.shape_of(a).channels == import.shape_of(b).channels;
    };
    if (std::equal(value.parts.begin(), value.parts.end(), parts.begin(), parts.end(), alike)) return true;
    if (operand.parts.size() != 1)
        return import.fail("expected concatenations of the same channels, found different ones");
    parts.clear();
    int first = 0;
    for (int part : value.parts) {
        const int end = first + import.shape_of(part).channels;
        const auto slice =
            channels_of(import, node, operand, first, end, ".operand." + std::to_string(parts.size()));
        if (!slice) return false;
        parts.push_back(slice->front());
        first = end;
    }
    return true;
}

// One layer per part of the first.
bool add_combinations(OnnxImport &import, const OnnxNode &node, OpKind op, const OnnxValue &value,
                      const OnnxValue &operand) {
    std::vector<int> operands;
    if (!split_alike(import, node, value, operand, operands)) return false;
    for (int &part : operands) {
        const std::optional<int> layer = import.as_layer(part);
        if (!layer) return false;
        part = *layer;
    }
    OnnxValue result = value;
    const auto finish = [&](Layer &layer, size_t part) {
        layer.reads.push_back({operands[part], Role::kOperand});
    };
    return import.add_to_each(node, op, result, finish) && import.give(node, result);
}

bool combine_images(OnnxImport &import, const OnnxNode &node, OpKind op) {
    OnnxValue a = *import.value(node, 0), b = *import.value(node, 1);
    const bool ordered = op == OpKind::kSubtract || op == OpKind::kDivide;
    if (!ordered && a.shape.elements() < b.shape.elements()) std::swap(a, b);
    const bool per_channel = b.shape == Shape{a.shape.channels, 1, 1},
               per_pixel = b.shape == Shape{1, a.shape.height, a.shape.width};
    const auto as_expanded = [&](size_t input) {
        const Shape *expanded = import.expansion(node, input);
        return !expanded || *expanded == import.value(node, 1 - input)->shape;
    };
    if (a.flat != b.flat || !(a.shape == b.shape || per_channel || per_pixel) || !as_expanded(0) ||
        !as_expanded(1))
        return import.fail(
            "expected two images of one shape, or one of 1x1 with as many channels or of one channel, found "
            "others");
    std::optional<bool> taken = false;
    if (op == OpKind::kMultiply) taken = take_gate(import, node, 0);
    if (op == OpKind::kMultiply && taken == false) taken = take_gate(import, node, 1);
    if (op == OpKind::kAdd) taken = take_residual(import, node);
    if (op == OpKind::kDivide && per_channel) taken = take_spatial_norm(import, node);
    return taken && (*taken || add_combinations(import, node, op, a, b));
}

// x * scale + shift per channel: into the weights of the layer in front where nothing else reads its result.
bool apply_known(OnnxImport &import, const OnnxNode &node, size_t input, const Norm &norm) {
    Layer *layer = import.own_layer(node, input);
    if (layer && layer->has_bias() && layer->activation == Activation::kNone &&
        layer->operand() == kNoLayer) {
        fold_norm(norm, import.weights_of(*layer));
        return import.give_own(node, input);
    }
    OnnxValue result = *import.value(node, input);
    for (const auto &[op, values, nothing] :
         {std::tuple<OpKind, const std::vector<double> &, double>{OpKind::kScale, norm.scale, 1},
          {OpKind::kShift, norm.shift, 0}}) {
        if (std::all_of(values.begin(), values.end(), [n = nothing](double v) { return v == n; })) continue;
        const std::vector<float> rounded(values.begin(), values.end());
        size_t first = 0;
        const auto finish = [&](Layer &layer, size_t) {
            import.set_channel_weights(layer, &rounded[first]);
            first += size_t(layer.out.channels);
        };
        if (!import.add_to_each(node, op, result, finish, op == OpKind::kScale ? ".scale" : ".shift"))
            return false;
    }
    return import.give(node, result);
}

}  // namespace

// Exporters run a shortcut behind the branch that it goes around. In front of the branch's last layer it lets that one
// take the sum, which a 3x3 convolution writes transformed for the next block.
void OnnxImport::put_shortcut_first(const OnnxNode &sum) {
    if (layers_.size() < 2) return;
    const size_t last = layers_.size() - 1;
    const auto found = own_layer(sum, 0), other = own_layer(sum, 1);
    Layer &branch = layers_[last - 1], &shortcut = layers_[last];
    const bool both = (found == &branch && other == &shortcut) || (found == &shortcut && other == &branch);
    const auto is_plain = [](const Layer &layer) {
        return layer.op == OpKind::kConv && layer.activation == Activation::kNone &&
               layer.operand() == kNoLayer;
    };
    const auto newest = [](const Layer &layer) {
        const std::vector<int> sources = layer.sources();
        return *std::max_element(sources.begin(), sources.end());
    };
    if (!both || !is_plain(branch) || !is_plain(shortcut) || newest(shortcut) >= newest(branch)) return;
    std::swap(branch, shortcut);
    std::swap(weights_.layers[last - 1], weights_.layers[last]);
    std::swap(own_names_[last - 1], own_names_[last]);
    for (const std::string &name : sum.inputs) {
        int &part = values_[resolved(name)].parts[0];
        part = int(part == int(last) ? last - 1 : last);
    }
}

bool translate_elementwise(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *a = import.value(node, 0), *b = import.value(node, 1);
    const std::string &op = node.op_type;
    if ((a && a->row) || (b && b->row)) return import.fail("expected images, found rows of pixels");
    if (a && b)
        return combine_images(import, node,
                              op == "Mul"   ? OpKind::kMultiply
                              : op == "Add" ? OpKind::kAdd
                              : op == "Div" ? OpKind::kDivide
                                            : OpKind::kSubtract);
    if (!a && !b) return import.fail("expected an image, found known tensors alone");
    const size_t image = a ? 0 : 1;
    std::vector<float> known;
    if (!import.read_per_channel(node, 1 - image, a ? *a : *b, known)) return false;
    Norm norm{std::vector<double>(known.size(), 1), std::vector<double>(known.size(), 0)};
    for (size_t c = 0; c < known.size(); c++) {
        const double value = known[c];
        if (op == "Mul") norm.scale[c] = value;
        if (op == "Div") norm.scale[c] = 1 / value;
        if (op == "Add" || op == "Sub") norm.shift[c] = op == "Sub" && a ? -value : value;
        if (op == "Sub" && !a) norm.scale[c] = -1;
        if (op == "Div" && (!a || value == 0 || std::abs(norm.scale[c]) > 1e37))
            return import.fail(
                "expected to divide an image by known numbers that are not next to 0, found others");
    }
    return apply_known(import, node, image, norm);
}

// Of one pixel to an image, for what combines it with one of that shape element by element.
bool translate_expand(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    const OnnxValue *image = import.need_image(node, 0);
    std::vector<int64_t> to;
    if (!image || !import.has_input(node, 1) || !import.read_list(node, 1, to)) return false;
    to.insert(to.begin(), 4 - std::min<size_t>(4, to.size()), 1);
    const Shape &s = image->shape;
    const int64_t own[] = {import.batch(), s.channels, s.height, s.width};
    for (size_t i = 0; i < 4; i++)
        if (to[i] == 1) to[i] = own[i];
    if (to.size() != 4 || to[0] != import.batch() || to[1] != s.channels ||
        (!is_one_pixel(s) && (to[2] != s.height || to[3] != s.width)))
        return import.fail("expected one pixel's channels to an image of as many, found another expansion");
    if (to[2] < 1 || to[3] < 1 || to[2] > kMostExtent || to[3] > kMostExtent)
        return import.fail("expected an image of at most 65536 rows and columns, found another expansion");
    return import.give_expanded(node, {s.channels, int(to[2]), int(to[3])});
}

}  // namespace hardnet
