#include "compiler/cpu/operators.h"

#include <algorithm>
#include <iterator>

#include "compiler/cpu/combine.h"
#include "compiler/cpu/resample.h"
#include "compiler/cpu/softmax.h"
#include "compiler/gpu/operators.h"

namespace hardnet::cpu {
namespace {

constexpr Operator kOperators[] = {
    {OpKind::kConv, "", plan_convolution, true},
    {OpKind::kDepthwiseConv, "depthwise", plan_depthwise},
    {OpKind::kTransposedConv, "", plan_transposed_convolution, true},
    {OpKind::kMaxPool, "max pool", plan_pool},
    {OpKind::kAveragePool, "mean of windows", plan_pool},
    {OpKind::kGlobalAveragePool, "mean", plan_global_pool, true},
    {OpKind::kGlobalSum, "sum", plan_global_pool, true},
    {OpKind::kResize, "bilinear", plan_resize},
    {OpKind::kResample, "tables", plan_resample},
    {OpKind::kSlice, "view", plan_slice},
    {OpKind::kL2Norm, "norm over channels", plan_l2_norm},
    {OpKind::kSpatialNorm, "norm over the image", plan_spatial_norm},
    {OpKind::kSoftmax, "softmax", plan_softmax},
    {OpKind::kArgmax, "greatest channel", plan_argmax},
    {OpKind::kFullyConnected, "matrix", plan_fully_connected},
    {OpKind::kMultiply, "product", plan_combine},
    {OpKind::kAdd, "sum", plan_combine},
    {OpKind::kSubtract, "difference", plan_combine},
    {OpKind::kDivide, "quotient", plan_combine},
    {OpKind::kScale, "product per channel", plan_combine},
    {OpKind::kShift, "sum per channel", plan_combine},
    {OpKind::kSlope, "slope per channel", plan_combine},
    {OpKind::kActivate, "activation", plan_combine},
};

// Whether a tensor's pixels lie one behind another with nothing between.
bool plainly_stored(const Tensor &t) {
    return t.halo == 0 && t.rows == t.shape.height && t.columns == t.shape.width && t.pixel_stride == t.c8;
}

// The norm over channels reads their padding, which is zero but for a slice.
bool feeds_channel_norm(const Analysis &analysis, int layer) {
    const std::vector<LayerReader> &readers = analysis.readers[layer];
    return std::any_of(readers.begin(), readers.end(), [&](const LayerReader &reader) {
        return analysis.network.layers[reader.layer].op == OpKind::kL2Norm;
    });
}

// What was expected of a layer that cannot be computed; empty: it can.
std::string refusal(const Analysis &analysis, int layer, const Layout &layout) {
    const Layer &l = analysis.network.layers[layer];
    const int source = l.sources()[0];
    if (source == kNetworkInput &&
        (l.op != OpKind::kConv || !l.front_norm.empty() || l.operand() != kNoLayer))
        return "a convolution on the image";
    if (l.sources().size() > 1 && !operator_of(l.op).concatenates) return "a single source";
    if (l.op == OpKind::kFullyConnected && l.in.height * l.in.width > 1 &&
        (l.in.channels % kChannelAlignment || !plainly_stored(layout.tensors[source])))
        return "a fully connected layer on whole eights of channels that nothing else reads";
    const bool one_pixel =
        l.op == OpKind::kFullyConnected || l.op == OpKind::kGlobalAveragePool || l.op == OpKind::kGlobalSum;
    if (one_pixel && layout.tensors[layer].halo) return "1x1 windows alone behind it";
    if (l.op == OpKind::kSlice && (l.first_channel | l.out.channels) % kChannelAlignment &&
        feeds_channel_norm(analysis, layer))
        return "a slice of whole eights of channels in front of a norm over them";
    return "";
}

// What is wrong with the planes of the image, which the first layers keep on the stack; empty: nothing.
std::string planes_fault(const Analysis &analysis, int layer) {
    const Layer &l = analysis.network.layers[layer];
    if (l.sources()[0] != kNetworkInput) return "";
    const Preprocessing &p = analysis.network.preprocessing;
    const size_t planes = size_t(l.in.channels);
    if (p.mean.size() != planes || p.deviation.size() != planes)
        return "expected a mean and a deviation for each of " + std::to_string(planes) +
               " input planes, found " + std::to_string(std::min(p.mean.size(), p.deviation.size()));
    int most = l.in.channels;
    for (const ChannelPart &part : analysis.decisions[layer].parameters.blocks)
        most = std::min(most, kStemRingBytes / stem_ring_bytes(l.window, 1, 1, part.lanes));
    if (most == l.in.channels) return "";
    return "expected at most " + std::to_string(most) + " input planes, whose rows under a window of " +
           window_name(l) + " have room on the stack, found " + std::to_string(planes);
}

LayerChoice choice_of(const Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Decision &d = p.decision(layer);
    std::string algorithm = operator_of(l.op).algorithm, blocks = describe(d.parameters.blocks);
    if (l.op == OpKind::kMaxPool && d.computed_with != kNoLayer)
        algorithm = "behind " + p.layer(d.computed_with).name;
    else if (l.op == OpKind::kTransposedConv)
        algorithm = "transposed " + window_name(l);
    else if (d.tiling)
        algorithm = "winograd " + d.tiling->name() + (d.banded ? " in bands" : "");
    else if (l.op == OpKind::kConv)
        algorithm = l.window.taps() == 1 ? "1x1" : "direct " + window_name(l);
    if (d.products != Precision::kFloat32) algorithm += std::string(" ") + name_of(d.products);
    const Resolution *resolution = resolution_of(p.analysis.resolutions, layer);
    if (resolution && resolution->record) algorithm += " (" + resolution->record->origin() + ")";
    if (d.problem) blocks = describe(d.parameters, d.problem->op) + " (" + d.decided + ")";
    return {algorithm, blocks, d.products, d.storage, d.problem};
}

}  // namespace

const Operator &operator_of(OpKind kind) {
    return *std::find_if(std::begin(kOperators), std::end(kOperators),
                         [&](const Operator &o) { return o.kind == kind; });
}

std::string window_name(const Layer &layer) {
    return std::to_string(layer.window.x.kernel) + "x" + std::to_string(layer.window.y.kernel);
}

Status check_supported(const Analysis &analysis, const Layout &layout) {
    const std::vector<Layer> &layers = analysis.network.layers;
    for (int l = 0; l < int(layers.size()); l++) {
        const std::string expected = refusal(analysis, l, layout);
        if (!expected.empty())
            return bad_input(layers[l].name + ": expected " + expected + ", found " + describe(layers[l]));
        if (const std::string fault = planes_fault(analysis, l); !fault.empty())
            return bad_input(layers[l].name + ": " + fault);
    }
    return ok();
}

void plan_by_rows(Planning &p, hardnet_step_kind kind, int layer, const KernelSpec &spec, bool with_halo,
                  const std::vector<hardnet_argument> &between) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    p.builder.begin_step(kind, layer);
    p.builder.begin_part(l.out.height, 0, 1);
    const uint32_t x = p.view(in, 0, in.c8, with_halo), y = p.view(out, 0, out.c8, false, true);
    std::vector<hardnet_argument> arguments = {whole(x)};
    arguments.insert(arguments.end(), between.begin(), between.end());
    arguments.push_back(crop(y, 2, 1));
    p.builder.call(spec, arguments);
    p.finish(layer);
}

void plan_convolution(Planning &p, int layer) {
    const Decision &d = p.decision(layer);
    if (p.layer(layer).sources()[0] == kNetworkInput) {
        plan_normalize(p, layer);
        plan_stem(p, layer);
    } else if (d.banded) {
        plan_winograd_bands(p, layer);
    } else if (d.tiling) {
        plan_winograd(p, layer);
    } else {
        plan_direct(p, layer);
    }
}

// Lies where its source lies.
void plan_slice(Planning &p, int layer) { p.finish(layer); }

}  // namespace hardnet::cpu

namespace hardnet {

Result<Plan> make_plan(const Network &network, const Machine &machine, const PlanOptions &options) {
    if (machine.gpu()) return gpu::make_plan(network, machine, options);
    const Analysis analysis = analyse(network, machine, options);
    PlanBuilder builder(network, machine);
    auto layout = lay_out(analysis, builder);
    if (!layout) return layout.error();
    if (Status s = cpu::check_supported(analysis, *layout); !s) return s.error();

    const int layers = int(network.layers.size());
    cpu::Planning planning{analysis, *layout, builder, {}, builder.add_buffer(0)};
    planning.transformed.resize(size_t(layers));
    for (int l = 0; l < layers; l++) {
        builder.choose(l, cpu::choice_of(planning, l));
        if (analysis.decisions[l].computed_with == kNoLayer)
            cpu::operator_of(network.layers[l].op).plan(planning, l);
    }
    cpu::plan_outputs(planning);
    Result<Plan> plan = builder.finish();
    if (plan) plan->resolutions = analysis.resolutions;
    return plan;
}

}  // namespace hardnet
