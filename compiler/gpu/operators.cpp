#include "compiler/gpu/operators.h"

#include <fmt/format.h>

#include "compiler/cpu/convolution.h"
#include "compiler/cpu/norm.h"
#include "compiler/cpu/operators.h"
#include "compiler/cpu/output.h"

namespace hardnet::gpu {
namespace {

using cpu::Planning;

// A norm in front is a launch of its own, which writes what it makes of the sources once.
void launch_direct(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const ChannelPart &part = p.decision(layer).parameters.blocks.front();
    const int64_t bias = p.builder.pack_bias(layer, p.tensor(layer).c8);
    const std::vector<Tensor> sources = l.front_norm.empty() ? p.sources_of(layer) : cpu::plan_norm(p, layer);
    p.builder.begin_step(l.window.taps() == 1 ? HARDNET_STEP_CONV1X1 : HARDNET_STEP_CONV3X3, layer);
    p.builder.begin_part(1, 0, 1);
    cpu::call_convolution(p, layer, cpu::convolution_spec(p, layer, sources, part, l.out.width),
                          cpu::convolution_inputs(p, layer, sources, part, bias, l.window.taps()), part, {});
    p.finish(layer);
}

void launch_convolution(Planning &p, int layer) {
    if (p.layer(layer).sources()[0] != kNetworkInput) return launch_direct(p, layer);
    cpu::plan_normalize(p, layer);
    cpu::plan_stem(p, layer);
}

// A 1x1 of one pixel, whose channels are the image's elements as they lie.
void launch_fully_connected(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &in = p.tensor(l.sources()[0]), &out = p.tensor(layer);
    const int k = int(l.in.elements()), channels = l.out.channels;
    const ChannelPart part{0, channels, out.c8, 4, 1, 1};
    // Threads write four channels: others go by way of a tensor.
    const Output *output = channels % 4 ? nullptr : p.analysis.sole_output_of(layer);
    const Place result = output ? cpu::output_place(p, *output) : Place::arena(out.buffer, 0);
    const int written = output ? channels : out.c8;
    ConvolutionSpec spec;
    spec.sources = {{k, k, k}};
    spec.width = 1;
    spec.block = out.c8;
    spec.pixels = 1;
    spec.lanes = 4;
    spec.pixel_stride = spec.row_stride = written;
    spec.activation = l.activation;
    const int64_t bias = p.builder.pack_bias(layer, out.c8);
    const int64_t u = p.builder.pack_blocked(layer, part, k);
    p.builder.begin_step(HARDNET_STEP_FULLY_CONNECTED, layer);
    p.builder.begin_part(1, 0, 1);
    std::vector<hardnet_argument> arguments{
        whole(p.builder.view(in.place(0, 0), {{0, k, 1}, {0, 1, k}, {0, 1, k}}))};
    for (const hardnet_argument &a : cpu::weight_arguments(p, part, u, k, 1, Precision::kFloat32))
        arguments.push_back(a);
    arguments.push_back(whole(p.builder.view(Place::weights(bias), {{0, out.c8, 1}})));
    const auto y = [&](int extent, bool write) {
        return p.builder.view(result, {{0, extent, 1}, {0, 1, written}, {0, 1, written}}, write);
    };
    arguments.push_back(whole(y(written, true)));
    p.builder.call(spec, arguments);
    p.builder.set_layer_view(layer, y(channels, false));
}

void plan_layer(Planning &p, int layer) {
    switch (p.layer(layer).op) {
        case OpKind::kConv:
            return launch_convolution(p, layer);
        case OpKind::kFullyConnected:
            return launch_fully_connected(p, layer);
        default:
            return cpu::operator_of(p.layer(layer).op).plan(p, layer);
    }
}

LayerChoice choice_of(const Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    std::string algorithm = cpu::operator_of(l.op).algorithm;
    if (l.op == OpKind::kConv) algorithm = l.window.taps() == 1 ? "1x1" : "direct " + cpu::window_name(l);
    if (l.op == OpKind::kTransposedConv) algorithm = "transposed " + cpu::window_name(l);
    LayerChoice choice;
    choice.algorithm = algorithm;
    return choice;
}

// What `inspect` shows of a convolution: sums of a thread by threads of a block.
void name_tiles(Plan &plan) {
    for (const hardnet_step &step : plan.steps) {
        const hardnet_call &call = plan.calls[plan.parts[step.first_part].first_call];
        const auto *spec = std::get_if<ConvolutionSpec>(&plan.gpu_kernels[call.kernel].spec);
        if (!spec) continue;
        const GpuTile &t = spec->tile;
        plan.choices[size_t(step.layer)].blocks =
            fmt::format("{}x{} by {}x{}x{}x{}", t.channels, t.pixels, t.across, t.along, t.down, t.slices);
    }
}

}  // namespace

Result<Plan> make_plan(const Network &network, const Machine &machine, const PlanOptions &options) {
    const Analysis analysis = analyse(network, machine, options);
    PlanBuilder builder(network, machine, options.images);
    auto layout = lay_out(analysis, builder);
    if (!layout) return layout.error();
    if (Status s = cpu::check_supported(analysis, *layout); !s) return s.error();
    Planning planning{analysis, *layout, builder, {}, 0};
    planning.transformed.resize(network.layers.size());
    for (int l = 0; l < int(network.layers.size()); l++) {
        builder.choose(l, choice_of(planning, l));
        if (analysis.decisions[l].computed_with == kNoLayer) plan_layer(planning, l);
    }
    cpu::plan_outputs(planning);
    auto plan = builder.finish();
    if (plan) name_tiles(*plan);
    return plan;
}

}  // namespace hardnet::gpu
