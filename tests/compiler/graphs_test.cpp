// Plans of graphs that no built-in network has, and of sizes that none is used at.
#include <gmock/gmock.h>

#include <limits>

#include "compiler/package/weights.h"
#include "models/layer_list.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

Network network_of(LayerList &list, const Shape &input, std::vector<Output> outputs) {
    Network network;
    network.name = "graph";
    network.input = input;
    network.layers = list.take();
    network.outputs = std::move(outputs);
    network.classes = 8;
    return network;
}

Plan plan_of(const Network &network) {
    Result<Plan> plan = make_plan(network, machine_named("avx2"), {});
    if (!plan) throw std::runtime_error(plan.error().what);
    return std::move(*plan);
}

const ConvSpec kThreeByThree{8, 3};

// The second window of three rows begins at the last of four: two rows of zeros behind the image.
TEST(Graphs, ALastWindowsReachIsHalo) {
    const Shape input{3, 4, 4};
    LayerList list(input);
    const int conv = list.conv({"conv", "conv", ""}, {kNetworkInput}, kThreeByThree);
    const int pool = list.average_pool("pool", conv, 3, 3, 0, true);
    const Network network = network_of(list, input, {{"out", {pool}}});
    EXPECT_EQ(network.layers[size_t(pool)].out.height, 2);
    const Plan plan = plan_of(network);
    for (const hardnet_view &view : plan.views) {
        if (view.base != HARDNET_ARENA || view.rank != 3 || view.dims[1].min == 0) continue;
        EXPECT_EQ(view.dims[1].min, -2);  // the pool's source, with its halo
        EXPECT_EQ(view.dims[1].extent, 4 + 2 * 2);
    }
    const hardnet_step &step = plan.steps[plan.steps.size() - 2];
    ASSERT_EQ(step.kind, HARDNET_STEP_AVERAGE_POOL);
    const hardnet_view &source =
        plan.views[plan.arguments[plan.calls[plan.parts[step.first_part].first_call].first_argument].view];
    EXPECT_EQ(source.dims[1].extent, 8);
}

// A product reads its operand as it lies, whatever else reads it.
TEST(Graphs, AProductIsOneStepOverTwoTensors) {
    const Shape input{3, 8, 8};
    LayerList list(input);
    const int first = list.conv({"first", "first", ""}, {kNetworkInput}, kThreeByThree);
    const int gate = list.conv({"gate", "gate", ""}, {first}, kThreeByThree);
    Network network = network_of(list, input, {});
    const int product = int(network.layers.size());
    Layer layer = network.layers[size_t(gate)];
    layer.name = "product";
    layer.op = OpKind::kMultiply;
    layer.in = layer.out;
    layer.window = {};
    layer.reads = {{first, Role::kSource}, {gate, Role::kOperand}};
    network.layers.push_back(layer);
    network.outputs = {{"out", {product}}};
    const Plan plan = plan_of(network);
    int products = 0;
    for (const hardnet_step &step : plan.steps) {
        if (step.layer != product || step.kind != HARDNET_STEP_ELEMENTWISE) continue;
        products++;
        const hardnet_call &call = plan.calls[plan.parts[step.first_part].first_call];
        ASSERT_EQ(call.arguments, 3u);
        for (int i : {0, 1}) {
            const hardnet_view &view = plan.views[plan.arguments[call.first_argument + uint32_t(i)].view];
            const hardnet_view &source = plan.views[size_t(plan.layer_views[size_t(i ? gate : first)])];
            EXPECT_EQ(view.offset, source.offset);
        }
    }
    EXPECT_EQ(products, 1);
}

// An output that only an operand reads lies in the arena, too.
TEST(Graphs, AResizedOutputIsWrittenForWhoAddsIt) {
    const Shape input{3, 8, 8};
    LayerList list(input);
    const int conv = list.conv({"conv", "conv", ""}, {kNetworkInput}, kThreeByThree);
    const int small = list.max_pool("small", conv, 2, 2, 0);
    const int resized = list.resize("resized", small, {8, 8, 8}, true);
    ConvSpec adds = kThreeByThree;
    adds.residual = resized;
    const int sum = list.conv({"sum", "sum", ""}, {conv}, adds);
    const Network network = network_of(list, input, {{"resized", {resized}}, {"sum", {sum}}});
    const Plan plan = plan_of(network);
    EXPECT_EQ(plan.views[size_t(plan.layer_views[size_t(resized)])].base, HARDNET_ARENA);
    int written = 0;
    for (const hardnet_step &step : plan.steps)
        written += step.layer == resized && step.kind == HARDNET_STEP_RESIZE;
    EXPECT_EQ(written, 1);
}

// V of 2.9e9 elements: computed another way, or refused with its bytes.
TEST(Graphs, SizesThatKernelsCannotAddressAreAvoidedOrRefused) {
    const Result<ModelRecord> record = find_record("fcdensenet103");
    ASSERT_TRUE(record);
    for (InputSize size : {InputSize{2048, 4000}, InputSize{4096, 4096}, InputSize{1024, 2048}}) {
        const Result<Network> network = build_network(*record, size);
        if (!network) continue;  // a tensor alone is too large
        for (AlgorithmChoice choice : {AlgorithmChoice::kAuto, AlgorithmChoice::kWinograd}) {
            PlanOptions options;
            options.algorithm = choice;
            const Result<Plan> plan = make_plan(*network, machine_named("avx2"), options);
            if (!plan) {
                EXPECT_EQ(plan.error().code, ExitCode::kBadInput);
                EXPECT_THAT(plan.error().what,
                            ::testing::ContainsRegex("expected at most [0-9]+ bytes .*, found [0-9]+"));
                continue;
            }
            for (const hardnet_view &view : plan->views) {
                int64_t last = 0;
                for (int d = 0; d < view.rank; d++)
                    last += int64_t{view.dims[d].extent - 1} * view.dims[d].stride;
                ASSERT_LE(last, std::numeric_limits<int32_t>::max());
            }
        }
    }
}

// Prepacked weights are taken for those of a file that names the same content.
TEST(Graphs, EveryFoldedValueCountsForTheWeightsContent) {
    const Shape input{3, 8, 8};
    LayerList list(input);
    const int conv = list.conv({"conv", "conv", ""}, {kNetworkInput}, kThreeByThree);
    list.norm_conv("dense", {conv}, 8, 3);
    const Network network = network_of(list, input, {{"out", {1}}});
    FoldedWeights weights;
    for (const Layer &layer : network.layers) {
        FoldedLayer folded;
        folded.weight.values.assign(size_t(layer.in.channels) * 8 * 9, 1);
        folded.bias.values.assign(8, 0);
        if (!layer.front_norm.empty())
            folded.front_scale.values = folded.front_shift.values = std::vector<float>(8, 1);
        weights.layers.push_back(folded);
    }
    const std::string content = weights_content(network, weights);
    for (FloatTensor FoldedLayer::*tensor :
         {&FoldedLayer::weight, &FoldedLayer::bias, &FoldedLayer::front_scale, &FoldedLayer::front_shift}) {
        FoldedWeights other = weights;
        (other.layers[1].*tensor).values.back() += 0.5f;
        EXPECT_NE(weights_content(network, other), content);
    }
}

}  // namespace
}  // namespace hardnet::testing
