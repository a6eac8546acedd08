// The operators that a layer can be, and what is true of each whatever its layer: one list.
#pragma once
#include <algorithm>
#include <iterator>

namespace hardnet {

enum class OpKind {
    kConv,
    kDepthwiseConv,
    kTransposedConv,     // 3x3, stride 2: output (2 y + ky, 2 x + kx) += input (y, x) * weight(ky, kx)
    kMaxPool,            // padding never wins
    kAveragePool,        // over the window's elements within the padded image, zeros of the padding included
    kGlobalAveragePool,  // 1x1
    kGlobalSum,          // 1x1
    kResize,             // bilinear, to another layer's extents
    kResample,           // along rows and columns by known tables, see graph/resampling.h
    kSlice,              // some of a tensor's channels, where they lie
    kL2Norm,             // x / (sqrt(sum over channels of x^2) + 1e-10), times a weight per channel
    kSpatialNorm,        // x / (0.1 + sum over the image of x), per channel
    kSoftmax,            // e^x / (sum over channels of e^x)
    kArgmax,             // per pixel the number of the channel with the greatest value, the first of equals
    kFullyConnected,
    // Two tensors, element by element: of one shape, or the operand has a value per channel (1x1) or per pixel (one
    // channel).
    kMultiply,
    kAdd,
    kSubtract,  // the operand from the source
    kDivide,    // the source by the operand
    // A tensor and a known value per channel, the weight.
    kScale,
    kShift,
    kSlope,     // x from 0 on, x * weight below
    kActivate,  // the layer's activation alone
};

enum class Weights { kNone, kAlone, kWithBias };  // the bias is the layer's own or comes from batch norm
// kAdded: where the layer reads one; those behind it: always.
enum class Operand { kNone, kAdded, kSummed, kMultiplied, kSubtracted, kDivided };

struct OperatorTraits {
    OpKind kind;
    const char *name;   // in JSON
    const char *words;  // to people; the window's extents follow where there is a window
    bool window;
    bool reads_padding;  // the window's elements beyond the image are read, as zeros
    Weights weights;
    Operand operand;
};

inline constexpr OperatorTraits kOperatorTraits[] = {
    {OpKind::kConv, "conv", "conv", true, true, Weights::kWithBias, Operand::kAdded},
    {OpKind::kDepthwiseConv, "depthwise_conv", "depthwise", true, true, Weights::kWithBias, Operand::kNone},
    {OpKind::kTransposedConv, "transposed_conv", "transposed conv", true, false, Weights::kWithBias,
     Operand::kNone},
    {OpKind::kMaxPool, "max_pool", "max pool", true, false, Weights::kNone, Operand::kNone},
    {OpKind::kAveragePool, "average_pool", "average pool", true, true, Weights::kNone, Operand::kNone},
    {OpKind::kGlobalAveragePool, "global_average_pool", "average pool", false, false, Weights::kNone,
     Operand::kNone},
    {OpKind::kGlobalSum, "global_sum", "sum over the image", false, false, Weights::kNone, Operand::kNone},
    {OpKind::kResize, "resize", "bilinear", false, false, Weights::kNone, Operand::kNone},
    {OpKind::kResample, "resample", "resample", true, false, Weights::kAlone, Operand::kNone},
    {OpKind::kSlice, "slice", "slice", false, false, Weights::kNone, Operand::kNone},
    {OpKind::kL2Norm, "l2_norm", "L2 norm", false, false, Weights::kAlone, Operand::kNone},
    {OpKind::kSpatialNorm, "spatial_norm", "spatial norm", false, false, Weights::kNone, Operand::kNone},
    {OpKind::kSoftmax, "softmax", "softmax", false, false, Weights::kNone, Operand::kNone},
    {OpKind::kArgmax, "argmax", "argmax", false, false, Weights::kNone, Operand::kNone},
    {OpKind::kFullyConnected, "fully_connected", "fully connected", false, false, Weights::kWithBias,
     Operand::kNone},
    {OpKind::kMultiply, "multiply", "product", false, false, Weights::kNone, Operand::kMultiplied},
    {OpKind::kAdd, "add", "sum", false, false, Weights::kNone, Operand::kSummed},
    {OpKind::kSubtract, "subtract", "difference", false, false, Weights::kNone, Operand::kSubtracted},
    {OpKind::kDivide, "divide", "quotient", false, false, Weights::kNone, Operand::kDivided},
    {OpKind::kScale, "scale", "product per channel", false, false, Weights::kAlone, Operand::kNone},
    {OpKind::kShift, "shift", "sum per channel", false, false, Weights::kAlone, Operand::kNone},
    {OpKind::kSlope, "slope", "slope per channel", false, false, Weights::kAlone, Operand::kNone},
    {OpKind::kActivate, "activate", "activation", false, false, Weights::kNone, Operand::kNone},
};

inline const OperatorTraits &traits_of(OpKind kind) {
    return *std::find_if(std::begin(kOperatorTraits), std::end(kOperatorTraits),
                         [kind](const OperatorTraits &o) { return o.kind == kind; });
}

}  // namespace hardnet
