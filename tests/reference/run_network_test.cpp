// Whole networks: what a layer gets from its sources, in which order, and what comes out.
#include "reference/run_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "models/records.h"
#include "reference/operators.h"

namespace hardnet {
namespace {

using ::testing::ElementsAre;

Layer layer(const std::string &name, OpKind op, const std::vector<int> &sources, Shape in, Shape out) {
    Layer layer;
    layer.name = name;
    layer.op = op;
    for (int source : sources) layer.reads.push_back({source, Role::kSource});
    layer.in = in;
    layer.out = out;
    return layer;
}

FoldedLayer folded(std::vector<float> weight, std::vector<float> bias) {
    return {{{}, weight}, {{}, bias}, {}, {}};
}

// Weights in eighths and no larger than 1, the same for a layer whenever it is asked for.
FoldedWeights patterned_weights(const Network &network) {
    FoldedWeights weights;
    unsigned state = 1;
    const auto next = [&state] {
        state = state * 1664525u + 1013904223u;
        return static_cast<float>(static_cast<int>(state >> 28) - 8) / 8;
    };
    for (const Layer &layer : network.layers) {
        FoldedLayer folded;
        size_t elements = layer.has_weights() ? 1 : 0;
        for (int64_t extent : weight_shape(layer)) elements *= static_cast<size_t>(extent);
        for (size_t i = 0; i < elements; i++) folded.weight.values.push_back(next());
        for (int c = 0; layer.has_weights() && c < layer.out.channels; c++)
            folded.bias.values.push_back(next());
        weights.layers.push_back(folded);
    }
    return weights;
}

Network small_network(bool depthwise) {
    ModelRecord record;
    record.name = "small";
    record.stem = {4, 6};
    record.depthwise = depthwise;
    record.stem_kernel = depthwise ? 1 : 3;
    record.blocks = {{4, 4, 10, true}, {4, 2, 12, false}};
    record.classes = 5;
    Result<Network> network = build_network(record, {19, 26});
    if (!network) throw std::runtime_error(network.error().what);
    return *network;
}

std::vector<float> patterned_input(const Network &network) {
    std::vector<float> input;
    for (int64_t i = 0; i < network.input.elements(); i++)
        input.push_back(static_cast<float>(i * 7 % 17 - 8) / 8);
    return input;
}

TEST(RunNetwork, SourcesAreConcatenatedInTheirOrder) {
    // Image 1x1x2 (2 3); "a" doubles it, "b" reads (a, image), "c" reads (image, b, a).
    Network network;
    network.name = "chain";
    network.input = {1, 1, 2};
    network.layers = {layer("a", OpKind::kConv, {kNetworkInput}, {1, 1, 2}, {1, 1, 2}),
                      layer("b", OpKind::kConv, {0, kNetworkInput}, {2, 1, 2}, {1, 1, 2}),
                      layer("c", OpKind::kConv, {kNetworkInput, 1, 0}, {3, 1, 2}, {1, 1, 2})};
    const FoldedWeights weights = {{folded({2}, {0}), folded({10, 1}, {0}), folded({1, 100, 10000}, {0.5})}};
    const auto outputs = run_network(network, weights, {2, 3});
    ASSERT_TRUE(outputs) << outputs.error().what;
    EXPECT_THAT((*outputs)[0], ElementsAre(4, 6));
    EXPECT_THAT((*outputs)[1], ElementsAre(42, 63));
    EXPECT_THAT((*outputs)[2], ElementsAre(44202.5, 66303.5));
}

TEST(RunNetwork, EveryLayerIsActivatedOnce) {
    Network network;
    network.name = "chain";
    network.input = {1, 1, 1};
    network.layers = {layer("a", OpKind::kConv, {kNetworkInput}, {1, 1, 1}, {2, 1, 1}),
                      layer("b", OpKind::kDepthwiseConv, {0}, {2, 1, 1}, {2, 1, 1}),
                      layer("c", OpKind::kFullyConnected, {1}, {2, 1, 1}, {1, 1, 1})};
    network.layers[0].activation = Activation::kRelu6;
    const FoldedWeights weights = {{folded({8, -8}, {0, 0}), folded({-1, 3}, {0, -1}), folded({1, 1}, {0})}};
    const auto outputs = run_network(network, weights, {1});
    ASSERT_TRUE(outputs) << outputs.error().what;
    EXPECT_THAT((*outputs)[0], ElementsAre(6, 0));
    EXPECT_THAT((*outputs)[1], ElementsAre(-6, -1));
    EXPECT_THAT((*outputs)[2], ElementsAre(-7));
}

TEST(RunNetwork, FrontNormsActOnTheConcatenationAndResidualsBeforeTheActivation) {
    // Image (2 3): "a" reads (3 4) and (0.5 0), "b" is relu(10 - 3 a + a), "c" reads b and relu(2 a - 15).
    Network network;
    network.name = "chain";
    network.input = {1, 1, 2};
    network.layers = {layer("a", OpKind::kConv, {kNetworkInput, kNetworkInput}, {2, 1, 2}, {1, 1, 2}),
                      layer("b", OpKind::kConv, {0}, {1, 1, 2}, {1, 1, 2}),
                      layer("c", OpKind::kGlobalAveragePool, {1, 0}, {2, 1, 2}, {2, 1, 1})};
    network.layers[0].front_norm = network.layers[2].front_norm = "norm";
    network.layers[1].reads.push_back({0, Role::kOperand});
    network.layers[1].activation = Activation::kRelu;
    FoldedWeights weights = {{folded({1, 10}, {0}), folded({-3}, {10}), {}}};
    weights.layers[0].front_scale.values = {1, -1};
    weights.layers[0].front_shift.values = {1, 2.5};
    weights.layers[2].front_scale.values = {1, 2};
    weights.layers[2].front_shift.values = {0, -15};
    const auto outputs = run_network(network, weights, {2, 3});
    ASSERT_TRUE(outputs) << outputs.error().what;
    EXPECT_THAT((*outputs)[0], ElementsAre(8, 4));
    EXPECT_THAT((*outputs)[1], ElementsAre(0, 2));  // -24 + 10 + 8, -12 + 10 + 4
    EXPECT_THAT((*outputs)[2], ElementsAre(1, 0.5));
    weights.layers[2].front_shift.values = {0};
    EXPECT_EQ(run_network(network, weights, {2, 3}).error().what,
              "c.front_shift: expected 2 values, found 1");
}

TEST(OutputValues, TensorsStayPlanarAndRowsHaveChannelsInnermost) {
    Network network;
    network.layers = {layer("a", OpKind::kConv, {kNetworkInput}, {3, 1, 2}, {4, 1, 2}),
                      layer("b", OpKind::kConv, {kNetworkInput}, {3, 1, 1}, {2, 1, 1})};
    const std::vector<std::vector<double>> layers = {{1, 2, 3, 4, 5, 6, 7, 8}, {9, 10}};
    EXPECT_THAT(output_values(network, {"planar", {0}}, layers), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
    const Output rows{"rows", {0, 1}, 2};
    EXPECT_THAT(output_values(network, rows, layers), ElementsAre(1, 3, 5, 7, 2, 4, 6, 8, 9, 10));
    EXPECT_THAT(output_shape(network, rows), ElementsAre(5, 2));
}

// The value of a layer at one position, straight from the definition, given its sources' outputs.
double value_at(const Network &network, const Layer &layer, const FoldedLayer &weights,
                const std::vector<std::vector<double>> &outputs, int co, int y, int x) {
    double sum = weights.bias.values[co];
    size_t tap = layer.op == OpKind::kConv ? size_t(co) * layer.in.channels * layer.window.taps()
                                           : size_t(co) * layer.window.taps();
    int ci = 0;
    for (int source : layer.sources()) {
        const Shape &shape = network.layers[source].out;
        for (int c = 0; c < shape.channels; c++, ci++) {
            if (layer.op == OpKind::kDepthwiseConv && ci != co) continue;
            for (int k = 0; k < layer.window.taps(); k++, tap++) {
                const int sy = layer.window.y.first(y) + k / layer.window.x.kernel;
                const int sx = layer.window.x.first(x) + k % layer.window.x.kernel;
                if (sy < 0 || sy >= shape.height || sx < 0 || sx >= shape.width) continue;
                sum += weights.weight.values[tap] *
                       outputs[source][(size_t(c) * shape.height + sy) * shape.width + sx];
            }
        }
    }
    if (layer.activation == Activation::kRelu6) sum = std::min(std::max(sum, 0.0), 6.0);
    return sum;
}

TEST(RunNetwork, EveryConvolutionOfBothFamiliesByItsDefinition) {
    for (bool depthwise : {false, true}) {
        const Network network = small_network(depthwise);
        const FoldedWeights weights = patterned_weights(network);
        const auto outputs = run_network(network, weights, patterned_input(network));
        ASSERT_TRUE(outputs) << outputs.error().what;
        int checked = 0, positive = 0;
        for (size_t i = 1; i < network.layers.size(); i++) {
            const Layer &layer = network.layers[i];
            ASSERT_EQ((*outputs)[i].size(), static_cast<size_t>(layer.out.elements())) << layer.name;
            if (layer.op != OpKind::kConv && layer.op != OpKind::kDepthwiseConv) continue;
            for (int co = 0; co < layer.out.channels; co++) {
                for (int y = 0; y < layer.out.height; y++) {
                    for (int x = 0; x < layer.out.width; x++, checked++) {
                        const double found =
                            (*outputs)[i][(size_t(co) * layer.out.height + y) * layer.out.width + x];
                        const double expected =
                            value_at(network, layer, weights.layers[i], *outputs, co, y, x);
                        ASSERT_NEAR(found, expected, 1e-12 * std::max(1.0, std::abs(expected)))
                            << layer.name << " at " << co << " " << y << " " << x;
                        positive += expected > 0 && expected < 6 ? 1 : 0;
                    }
                }
            }
        }
        EXPECT_GT(positive, checked / 20) << "the pattern must not die out on its way";
    }
}

TEST(RunNetwork, ThreadsDoNotChangeTheBits) {
    const Network network = small_network(true);
    const FoldedWeights weights = patterned_weights(network);
    const auto one = run_network(network, weights, patterned_input(network), {1, {}});
    const auto three = run_network(network, weights, patterned_input(network), {3, {}});
    ASSERT_TRUE(one && three);
    EXPECT_EQ(*one, *three);
}

TEST(RunNetwork, ProgressNamesEveryLayerInOrder) {
    const Network network = small_network(false);
    std::vector<std::string> names;
    ReferenceOptions options;
    options.progress = [&](int done, int total, const std::string &layer) {
        names.push_back(layer);
        EXPECT_EQ(done, static_cast<int>(names.size()));
        EXPECT_EQ(total, static_cast<int>(network.layers.size()));
    };
    ASSERT_TRUE(run_network(network, patterned_weights(network), patterned_input(network), options));
    ASSERT_EQ(names.size(), network.layers.size());
    EXPECT_EQ(names.front(), "base.0");
    EXPECT_EQ(names.back(), network.layers.back().name);
}

TEST(RunNetwork, RefusesSizesThatDoNotFit) {
    const Network network = small_network(false);
    FoldedWeights weights = patterned_weights(network);
    const auto error = [&](const std::vector<float> &input) {
        const auto outputs = run_network(network, weights, input);
        return outputs ? "" : outputs.error().what;
    };
    EXPECT_EQ(error(std::vector<float>(7)), "input of small: expected 1482 values, found 7");
    weights.layers[3].weight.values.pop_back();
    EXPECT_EQ(error(patterned_input(network)), "base.3.layers.0.weight: expected 216 values, found 215");
    weights = patterned_weights(network);
    weights.layers[3].bias.values.push_back(0);
    EXPECT_EQ(error(patterned_input(network)), "base.3.layers.0.bias: expected 4 values, found 5");
    weights.layers.pop_back();
    EXPECT_EQ(error(patterned_input(network)), "small: expected weights of 14 layers, found 13");
}

}  // namespace
}  // namespace hardnet
