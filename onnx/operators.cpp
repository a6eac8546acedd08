#include "onnx/operators.h"

#include <algorithm>
#include <iterator>

#include "onnx/translate.h"

namespace hardnet {
namespace {

constexpr char kLists[] = "of known scalars and lists";

constexpr OnnxOperator kOnnxOperators[] = {
    {"Add", 9, 22,
     "two images of one shape, an image and one of 1x1 or of one channel; an image and known numbers, one or "
     "per channel; known numbers",
     translate_arithmetic},
    {"AveragePool", 9, 22, "", translate_pool},
    {"BatchNormalization", 9, 22, "", translate_batch_norm},
    {"Cast", 9, 22, "of known numbers to float, double, int32 or int64", translate_cast},
    {"Clip", 9, 22, "known bounds", translate_clip},
    {"Concat", 9, 22, "of images' channels (axis 1); of rows of pixels (axis 1); of known lists",
     translate_concat},
    {"Constant", 9, 22, "a tensor, an int, ints or a float", translate_constant},
    {"Conv", 9, 22, "", translate_conv},
    {"Div", 9, 22, "as Sub, but for known numbers by an image", translate_arithmetic},
    {"Dropout", 9, 22, "not in training; dropped", translate_unchanged},
    {"Expand", 9, 22, "of one pixel, for sums and products with an image", translate_expand},
    {"Flatten", 9, 22, "axis 1", translate_flatten},
    {"Floor", 9, 22, kLists, translate_arithmetic},
    {"Gather", 9, 22, "of a known list", translate_gather},
    {"Gemm", 9, 22, "of a flattened image and known weights, alpha and beta 1", translate_gemm},
    {"GlobalAveragePool", 9, 22, "", translate_global_pool},
    {"GlobalMaxPool", 9, 22, "", translate_global_pool},
    {"HardSigmoid", 9, 22, "", translate_hard_sigmoid},
    {"HardSwish", 14, 22, "", translate_hard_swish},
    {"Identity", 9, 22, "dropped", translate_unchanged},
    {"LeakyRelu", 9, 22, "", translate_leaky_relu},
    {"MatMul", 9, 22, "of a flattened image and known weights", translate_gemm},
    {"MaxPool", 9, 22, "", translate_pool},
    {"Mul", 9, 22, "as Add", translate_arithmetic},
    {"PRelu", 9, 22, "one known slope, or one per channel", translate_prelu},
    {"Pad", 9, 22, "height and width", translate_pad},
    {"ReduceMean", 9, 22, "over height and width, or over channels that are kept", translate_reduction},
    {"ReduceSum", 9, 22, "as ReduceMean", translate_reduction},
    {"Relu", 9, 22, "", translate_relu},
    {"Reshape", 9, 22, "of an image to [batch, elements]; of pixels to rows; of known numbers to a list",
     translate_reshape},
    {"Resize", 11, 22, "height and width", translate_resize},
    {"Shape", 9, 22, "", translate_shape},
    {"Sigmoid", 9, 22, "", translate_sigmoid},
    {"Slice", 9, 22, "an image's channels (axis 1), step 1; known lists, step 1", translate_slice},
    {"Softmax", 9, 22, "over channels", translate_softmax},
    {"Split", 9, 22, "an image's channels (axis 1)", translate_split},
    {"Squeeze", 9, 22, kLists, translate_unsqueeze},
    {"Sub", 9, 22, "as Add, but for one of 1x1 or of one channel in front", translate_arithmetic},
    {"Transpose", 9, 22, "an image's channels to the end (0, 2, 3, 1), in front of Reshape and Concat",
     translate_transpose},
    {"Unsqueeze", 9, 22, "of channels to one pixel; of known scalars", translate_unsqueeze},
    {"Upsample", 9, 9, "height and width", translate_upsample},
};

}  // namespace

const std::vector<OnnxOperator> &onnx_operators() {
    static const std::vector<OnnxOperator> all(std::begin(kOnnxOperators), std::end(kOnnxOperators));
    return all;
}

const OnnxOperator *find_onnx_operator(const std::string &name) {
    const auto found = std::find_if(std::begin(kOnnxOperators), std::end(kOnnxOperators),
                                    [&](const OnnxOperator &o) { return o.name == name; });
    return found == std::end(kOnnxOperators) ? nullptr : found;
}

std::vector<std::string> onnx_operator_lines() {
    constexpr size_t kLineBytes = 90;
    std::vector<std::string> lines = {"supported:"};
    for (const OnnxOperator &o : kOnnxOperators) {
        if (lines.back().size() > kLineBytes) lines.emplace_back();
        lines.back() += (lines.back().empty() ? "" : " ") + std::string(o.name);
    }
    return lines;
}

}  // namespace hardnet
