// Activations, sums and products: what goes into the layer in front, what is a layer of its own, and the values of both.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/onnx/imported.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Function = double (*)(double);

struct ActivationCase {
    Message node;
    Function value;
};

const Message kLow = tensor("low", {}, {-1.5f}), kHigh = tensor("high", {}, {2}),
              kSlope = tensor("slope", {1, 1, 1}, {0.25f});

std::vector<ActivationCase> activation_cases() {
    return {
        {node("Sigmoid", {"a"}, {"y"}), [](double x) { return 1 / (1 + std::exp(-x)); }},
        {node("HardSwish", {"a"}, {"y"}), [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
        {node("HardSigmoid", {"a"}, {"y"},
              {float_attribute("alpha", 0.125f), float_attribute("beta", 0.25f)}),
         [](double x) { return std::clamp(x / 8 + 0.25, 0.0, 1.0); }},
        {node("LeakyRelu", {"a"}, {"y"}, {float_attribute("alpha", 0.5f)}),
         [](double x) { return x < 0 ? x / 2 : x; }},
        {node("Clip", {"a", "low", "high"}, {"y"}), [](double x) { return std::clamp(x, -1.5, 2.0); }},
        {node("Clip", {"a", "low"}, {"y"}), [](double x) { return std::max(x, -1.5); }},
        {node("PRelu", {"a", "slope"}, {"y"}), [](double x) { return x < 0 ? x / 4 : x; }},
    };
}

TEST(ImportOnnx, TakesEveryActivationIntoTheLayerInFront) {
    for (const bool alone : {false, true}) {
        for (const ActivationCase &c : activation_cases()) {
            Parts parts;
            add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
            parts.nodes.push_back(c.node);
            parts.initializers.insert(parts.initializers.end(), {kLow, kHigh, kSlope});
            if (alone) parts.outputs.push_back("a");
            const auto net = imported(parts);
            std::vector<double> expected;
            for (double x : {-7.0, -2.0, 0.5, 3.0}) expected.push_back(c.value(x));
            EXPECT_EQ(outputs_of(net, {-7, -2, 0.5f, 3, 0, 0, 0, 0, 0, 0, 0, 0}), expected);
            ASSERT_TRUE(net);
            EXPECT_EQ(net->network.layers.size(), alone ? 2u : 1u);
            EXPECT_EQ(net->network.layers.back().op, alone ? OpKind::kActivate : OpKind::kConv);
        }
    }
}

TEST(ImportOnnx, KnowsSiluAndHardSwishByTheirProducts) {
    for (const bool hard : {false, true}) {
        for (const bool flipped : {false, true}) {
            Parts parts;
            add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
            parts.nodes.push_back(
                hard ? node("HardSigmoid", {"a"}, {"s"}, {float_attribute("alpha", 1.0f / 6)})
                     : node("Sigmoid", {"a"}, {"s"}));
            parts.nodes.push_back(flipped ? node("Mul", {"s", "a"}, {"m"}) : node("Mul", {"a", "s"}, {"m"}));
            parts.nodes.push_back(node("Clip", {"m", "low"}, {"y"}));  // of a layer that has its activation
            parts.initializers.push_back(kLow);
            const auto net = imported(parts);
            ASSERT_TRUE(net) << net.error().what;
            EXPECT_THAT(kinds_of(net->network), ElementsAre(OpKind::kConv, OpKind::kActivate));
            EXPECT_EQ(net->network.layers[0].activation, hard ? Activation::kHardSwish : Activation::kSilu);
            EXPECT_EQ(net->network.layers[1].sources(), std::vector<int>{0});
            const std::vector<double> values = outputs_of(net, {-8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
            EXPECT_EQ(values[1], hard ? 4.0 : 4 / (1 + std::exp(-4.0)));
            // Where another reads the convolution, the product is still one activation.
            parts.outputs = {"y", "a"};
            const auto read = imported(parts);
            ASSERT_TRUE(read) << read.error().what;
            EXPECT_THAT(kinds_of(read->network),
                        ElementsAre(OpKind::kConv, OpKind::kActivate, OpKind::kActivate));
            EXPECT_EQ(read->network.layers[1].activation, net->network.layers[0].activation);
            EXPECT_EQ(outputs_of(read, {-8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), values);
            // Where another reads the sigmoid, both are needed.
            parts.outputs = {"y", "s"};
            const auto both = imported(parts);
            ASSERT_TRUE(both) << both.error().what;
            EXPECT_THAT(kinds_of(both->network),
                        ElementsAre(OpKind::kConv, OpKind::kActivate, OpKind::kMultiply));
            EXPECT_EQ(outputs_of(both, {-8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), values);
        }
    }
}

// A pooled image through two matrices or convolutions, back as a factor per channel, expanded or not.
TEST(ImportOnnx, MultipliesByAValuePerChannel) {
    for (const int form : {0, 1, 2}) {
        Parts parts;
        add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {0, 0});
        parts.nodes.push_back(node("GlobalAveragePool", {"a"}, {"p"}));
        if (form == 0) {
            add_conv(parts, "p", "g0", 2, {2, 0, 0, 4}, {0, 0});
            parts.nodes.push_back(node("LeakyRelu", {"g0"}, {"g"}));
        } else {
            parts.nodes.push_back(node("Flatten", {"p"}, {"f"}));
            parts.nodes.push_back(node("Gemm", {"f", "w"}, {"h"}));
            parts.nodes.push_back(form == 1 ? node("Reshape", {"h", "pixel"}, {"r"})
                                            : node("Unsqueeze", {"h", "axes"}, {"r"}));
            parts.nodes.push_back(node("Shape", {"a"}, {"size"}));
            parts.nodes.push_back(node("Expand", {"r", "size"}, {"g"}));
            parts.initializers.insert(parts.initializers.end(), {tensor("w", {2, 2}, {2, 0, 0, 4}),
                                                                 int_tensor("pixel", {4}, {1, 2, 1, 1}),
                                                                 int_tensor("axes", {2}, {2, 3})});
        }
        parts.nodes.push_back(form == 1 ? node("Mul", {"g", "a"}, {"y"}) : node("Mul", {"a", "g"}, {"y"}));
        const auto net = imported(parts);  // means are 2.5 and 3.5, factors 5 and 14
        EXPECT_THAT(outputs_of(net, kImage), ElementsAre(5, 10, 15, 20, 70, -84, 98, 112));
        ASSERT_TRUE(net);
        EXPECT_EQ(net->network.layers.size(), 4u);
        EXPECT_EQ(net->network.layers[3].op, OpKind::kMultiply);
        if (form != 2) continue;
        parts.nodes.push_back(node("Relu", {"g"}, {"z"}));
        parts.outputs = {"y", "z"};
        EXPECT_THAT(import_error(parts), HasSubstr("(Expand): expected sums and products alone to read"));
    }
}

TEST(ImportOnnx, CombinesConcatenationsPartByPart) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
    add_conv(parts, "x", "b", 3, {0, 1, 0}, {0});
    parts.nodes.push_back(node("Concat", {"a", "b"}, {"c"}, {int_attribute("axis", 1)}));
    parts.nodes.push_back(node("GlobalAveragePool", {"c"}, {"p"}));
    parts.nodes.push_back(node("Mul", {"c", "p"}, {"m"}));
    parts.nodes.push_back(node("Sub", {"c", "m"}, {"s"}));
    add_conv(parts, "s", "y", 2, {1, 10}, {0});
    const auto net = imported(parts);
    std::vector<double> expected;
    for (size_t i = 0; i < 4; i++) expected.push_back(kImage[i] * (1 - 2.5) + 10 * kImage[4 + i] * (1 - 3.5));
    EXPECT_EQ(outputs_of(net, kImage), expected);
}

TEST(ImportOnnx, AddsImagesThatNoConvolutionCanTake) {
    Parts parts;
    parts.nodes = {node("MaxPool", {"x"}, {"p"}, {ints_attribute("kernel_shape", {1, 1})}),
                   node("Add", {"x", "p"}, {"s"}), node("Relu", {"s"}, {"r"}),
                   node("Sub", {"r", "p"}, {"y"})};
    const auto net = imported(parts);
    std::vector<double> expected;
    for (double x : kImage) expected.push_back(std::max(2 * x, 0.0) - x);
    EXPECT_EQ(outputs_of(net, kImage), expected);
    EXPECT_THAT(kinds_of(net->network),
                ElementsAre(OpKind::kConv, OpKind::kMaxPool, OpKind::kAdd, OpKind::kSubtract));
    EXPECT_EQ(net->network.layers[2].activation, Activation::kRelu);
    parts.nodes[1] = node("Add", {"x", "x"}, {"s"});
    EXPECT_EQ(outputs_of(imported(parts), kImage), expected);
}

// Into the convolution's weights, or as layers behind what has none.
TEST(ImportOnnx, FoldsKnownNumbers) {
    const std::vector<Message> known = {tensor("two", {2, 1, 1}, {2, -4}),
                                        tensor("one", {1, 2, 1, 1}, {1, 3}), tensor("half", {}, {0.5f})};
    const std::vector<Message> nodes = {node("Mul", {"a", "two"}, {"b"}), node("Add", {"one", "b"}, {"c"}),
                                        node("Sub", {"half", "c"}, {"d"}), node("Div", {"d", "half"}, {"y"})};
    const auto value = [](double x, bool second) {
        return (0.5 - (x * (second ? -4 : 2) + (second ? 3 : 1))) / 0.5;
    };
    for (const bool folded : {true, false}) {
        Parts parts;
        add_conv(parts, "x", folded ? "a" : "a0", 3, {1, 0, 0, 0, 1, 0}, {0, 1});
        if (!folded)
            parts.nodes.push_back(node("MaxPool", {"a0"}, {"a"}, {ints_attribute("kernel_shape", {1, 1})}));
        parts.nodes.insert(parts.nodes.end(), nodes.begin(), nodes.end());
        parts.initializers.insert(parts.initializers.end(), known.begin(), known.end());
        const auto net = imported(parts);
        std::vector<double> expected;
        for (size_t i = 0; i < 8; i++) expected.push_back(value(kImage[i] + (i < 4 ? 0 : 1), i >= 4));
        EXPECT_EQ(outputs_of(net, kImage), expected);
        EXPECT_EQ(net->network.layers.size(), folded ? 1u : 7u);
        parts.initializers.back() = tensor("half", {}, {0});
        EXPECT_THAT(import_error(parts), HasSubstr("(Div): expected to divide an image by known numbers"));
        parts.initializers.back() = tensor("half", {2}, {1, 1});  // along the width
        EXPECT_THAT(import_error(parts),
                    HasSubstr("(Sub): input 0: expected known finite numbers, one or [2, 1, 1]"));
    }
}

TEST(ImportOnnx, GivesChannelsTheirSlopes) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {-3, 0});
    parts.nodes.push_back(node("PRelu", {"a", "slopes"}, {"y"}));
    parts.initializers.push_back(tensor("slopes", {2, 1, 1}, {0.5f, 2}));
    const auto net = imported(parts);
    EXPECT_THAT(outputs_of(net, kImage), ElementsAre(-1, -0.5, 0, 1, 5, -12, 7, 8));
    EXPECT_THAT(kinds_of(net->network), ElementsAre(OpKind::kConv, OpKind::kSlope));
    parts.initializers.back() = tensor("slopes", {3, 1, 1}, {0.5f, 2, 1});
    EXPECT_THAT(import_error(parts),
                HasSubstr("(PRelu): input 1: expected known finite numbers, one or [2, 1, 1]"));
}

// A branch of two convolutions from "a", its shortcut of one behind it, their sum.
Parts branch_and_shortcut() {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0}, {0, 0});
    add_conv(parts, "a", "b", 2, {2, 0, 0, 2}, {0, 0});
    add_conv(parts, "b", "c", 2, {1, 0, 0, 1}, {1, 0});
    add_conv(parts, "a", "s", 2, {0, 1, 1, 0}, {0, 0});
    parts.nodes.push_back(node("Add", {"c", "s"}, {"sum"}));
    parts.nodes.push_back(node("Relu", {"sum"}, {"y"}));
    return parts;
}

TEST(ImportOnnx, RunsAShortcutInFrontOfTheLayerThatAddsIt) {
    for (const bool turned : {false, true}) {
        Parts parts = branch_and_shortcut();
        if (turned) parts.nodes[4] = node("Add", {"s", "c"}, {"sum"});
        const auto net = imported(parts);
        EXPECT_THAT(outputs_of(net, kImage), ElementsAre(8, 0, 14, 17, 11, 0, 17, 20));
        ASSERT_TRUE(net);
        ASSERT_EQ(net->network.layers.size(), 4u);
        EXPECT_THAT(net->network.layers[2].sources(), ElementsAre(0));
        EXPECT_THAT(net->network.layers[3].sources(), ElementsAre(1));
        EXPECT_EQ(net->network.layers[3].operand(), 2);
    }
}

// What the branch ends in is not the sum's alone, or no convolution.
TEST(ImportOnnx, LeavesShortcutsWhereTheyAddTheBranch) {
    Parts returned = branch_and_shortcut(), active = branch_and_shortcut();
    returned.outputs.push_back("c");
    active.nodes[4] = node("Add", {"r", "s"}, {"sum"});
    active.nodes.insert(active.nodes.begin() + 3, node("Relu", {"c"}, {"r"}));
    for (const Parts &parts : {returned, active}) {
        const auto net = imported(parts);
        ASSERT_TRUE(net) << net.error().what;
        ASSERT_EQ(net->network.layers.size(), 4u);
        EXPECT_THAT(net->network.layers[3].sources(), ElementsAre(0));
        EXPECT_EQ(net->network.layers[3].operand(), 2);
    }
    EXPECT_THAT(outputs_of(imported(active), kImage), ElementsAre(8, 0, 14, 17, 11, 2, 17, 20));
}

TEST(ImportOnnx, RefusesClipsInDisorder) {
    Parts parts;
    parts.nodes = {node("Clip", {"x", "high", "low"}, {"y"})};
    parts.initializers = {kLow, kHigh};
    EXPECT_THAT(import_error(parts), HasSubstr("(Clip): expected bounds in order, found 2 and -1.5"));
}

}  // namespace
}  // namespace hardnet::testing
