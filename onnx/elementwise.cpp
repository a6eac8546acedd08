// The sum and the product of two images.
#include "onnx/translate.h"

namespace hardnet {
namespace {

bool same_images(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *a = import.need_image(node, 0);
    const OnnxValue *b = a ? import.need_image(node, 1) : nullptr;
    if (!b) return false;
    if (!(a->shape == b->shape)) return import.fail("expected two images of one shape, found different ones");
    if (a->parts.size() != 1 || b->parts.size() != 1)
        return import.fail("expected images of one tensor each, found a concatenation");
    return true;
}

}  // namespace

// The later of the two is a convolution, which reads the other one; it runs behind it.
bool translate_sum(OnnxImport &import, const OnnxNode &node) {
    if (!same_images(import, node)) return false;
    const int parts[2] = {import.value(node, 0)->parts[0], import.value(node, 1)->parts[0]};
    const size_t later = parts[0] > parts[1] ? 0 : 1;
    Layer *layer = import.own_layer(node, later);
    if (!layer || layer->op != OpKind::kConv || layer->activation != Activation::kNone ||
        layer->operand() != kNoLayer || parts[0] == parts[1] || parts[1 - later] == kNetworkInput)
        return import.fail(
            "expected the later image to be a convolution's that nothing else reads, and the "
            "other a layer's, found others");
    layer->reads.push_back({parts[1 - later], Role::kOperand});
    return import.give_own(node, later);
}

bool translate_product(OnnxImport &import, const OnnxNode &node) {
    if (!same_images(import, node)) return false;
    const OnnxValue value = *import.value(node, 0);
    int source = value.parts[0], operand = import.value(node, 1)->parts[0];
    if (operand == kNetworkInput) std::swap(source, operand);
    if (operand == kNetworkInput)
        return import.fail("expected a layer's result, found the input times itself");
    Layer *layer = import.add_layer(node, OpKind::kMultiply, {source});
    if (!layer) return false;
    layer->reads.push_back({operand, Role::kOperand});
    return import.give(node, {{import.index_of(*layer)}, value.shape, false});
}

}  // namespace hardnet
