// Sums and means over an image's axes, quotients of images and softmax.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/onnx/imported.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// All three planes of the image, on which nodes act as "a".
Parts on_planes(const std::vector<Message> &nodes, const std::vector<Message> &known) {
    Parts parts;
    add_conv(parts, "x", "a", 3, {1, 0, 0, 0, 1, 0, 0, 0, 1}, {0, 0, 0});
    parts.nodes.insert(parts.nodes.end(), nodes.begin(), nodes.end());
    parts.initializers.insert(parts.initializers.end(), known.begin(), known.end());
    return parts;
}

const Message kHeightAndWidth = int_tensor("axes", {2}, {-1, 2}), kChannels = int_tensor("axes", {1}, {1});

TEST(ImportOnnx, SumsOverTheImage) {
    const Parts kept = on_planes({node("ReduceSum", {"a", "axes"}, {"y"})}, {kHeightAndWidth});
    const auto net = imported(kept);
    EXPECT_THAT(outputs_of(net, kImage), ElementsAre(10, 14, -0.5));
    EXPECT_THAT(kinds_of(net->network), ElementsAre(OpKind::kConv, OpKind::kGlobalSum));
    // Opset 12 has axes as an attribute.
    Parts old = on_planes(
        {node("ReduceSum", {"a"}, {"y"}, {ints_attribute("axes", {2, 3}), int_attribute("keepdims", 0)})},
        {});
    old.opset = 12;
    EXPECT_THAT(outputs_of(imported(old), kImage), ElementsAre(10, 14, -0.5));
}

TEST(ImportOnnx, TakesTheGreatestOfTheImage) {
    const auto net = imported(on_planes({node("GlobalMaxPool", {"a"}, {"y"})}, {}));
    EXPECT_THAT(outputs_of(net, kImage), ElementsAre(4, 8, 1));
    EXPECT_EQ(net->network.layers.back().out, (Shape{3, 1, 1}));
    Parts wide = on_planes({node("GlobalMaxPool", {"a"}, {"y"})}, {});
    wide.input = {1, 3, 1, 600};
    EXPECT_THAT(import_error(wide), HasSubstr("expected at most 512 rows and columns, found 1 and 600"));
}

// As CenterNet's heads normalise: with 0.1 it is one operator, where nothing else reads the sum.
TEST(ImportOnnx, FindsNormsOverTheImage) {
    const std::vector<float> image{1, 2, 3, 4, 0, 0, 0, 0.5f, 0.5f, 0, 0, 0.4f};
    const auto shares = [](const std::string &divisor, float known) {
        return on_planes({node("ReduceSum", {"a", "axes"}, {"s"}), node("Add", {"s", "known"}, {"t"}),
                          node("Div", {"a", divisor}, {"y"})},
                         {kHeightAndWidth, tensor("known", {}, {known})});
    };
    const auto net = imported(shares("t", 0.1f));
    const std::vector<double> found = outputs_of(net, image);
    const double sums[] = {10.1, 0.6, 1};
    ASSERT_EQ(found.size(), image.size());
    for (size_t i = 0; i < image.size(); i++) EXPECT_NEAR(found[i], image[i] / sums[i / 4], 1e-7) << i;
    EXPECT_THAT(kinds_of(net->network), ElementsAre(OpKind::kConv, OpKind::kSpatialNorm));
    const auto last = [](const Parts &parts) { return kinds_of(imported(parts)->network).back(); };
    EXPECT_EQ(last(shares("t", 0.25f)), OpKind::kDivide);
    EXPECT_EQ(last(shares("s", 0.1f)), OpKind::kDivide);
    Parts twice = shares("t", 0.1f);
    twice.outputs.push_back("s");
    EXPECT_EQ(last(twice), OpKind::kDivide);
    Parts other = shares("t", 0.1f);  // of another tensor
    other.nodes.insert(other.nodes.begin() + 1,
                       node("MaxPool", {"a"}, {"b"}, {ints_attribute("kernel_shape", {1, 1})}));
    other.nodes.back() = node("Div", {"b", "t"}, {"y"});
    EXPECT_EQ(last(other), OpKind::kDivide);
}

// Each value's share of its channel's sum.
TEST(ImportOnnx, DividesImagesByOthers) {
    const auto shares =
        imported(on_planes({node("ReduceSum", {"a", "axes"}, {"s"}), node("Add", {"s", "half"}, {"t"}),
                            node("Div", {"a", "t"}, {"y"})},
                           {kHeightAndWidth, tensor("half", {}, {-2})}));
    EXPECT_THAT(outputs_of(shares, kImage),
                ElementsAre(1.0 / 8, 2.0 / 8, 3.0 / 8, 4.0 / 8, 5.0 / 12, -0.5, 7.0 / 12, 8.0 / 12, 0,
                            1 / -2.5, -2 / -2.5, 0.5 / -2.5));
    ASSERT_TRUE(shares);
    EXPECT_EQ(shares->network.layers.back().op, OpKind::kDivide);
    const auto same = imported(on_planes(
        {node("Add", {"a", "half"}, {"b"}), node("Div", {"b", "a"}, {"c"}), node("Relu", {"c"}, {"y"})},
        {tensor("half", {}, {16})}));
    const std::vector<double> found = outputs_of(same, {1, 2, 4, -4, 8, -16, 1, 1, 1, 1, 1, 0.5f});
    EXPECT_EQ(found, (std::vector<double>{17, 9, 5, 0, 3, 0, 17, 17, 17, 17, 17, 33}));
    EXPECT_THAT(import_error(on_planes({node("Div", {"half", "a"}, {"y"})}, {tensor("half", {}, {16})})),
                HasSubstr("(Div): expected to divide an image by known numbers"));
}

TEST(ImportOnnx, SumsOverChannelsAndCombinesWithAValuePerPixel) {
    for (const bool mean : {false, true}) {
        for (const size_t copies : {1, 2}) {  // each part of a concatenation has the same operand
            const auto net = imported(on_planes(
                {node("Concat", std::vector<std::string>(copies, "a"), {"c"}, {int_attribute("axis", 1)}),
                 node(mean ? "ReduceMean" : "ReduceSum", {"c", "axes"}, {"s"}),
                 node("Div", {"c", "s"}, {"d"}), node("Mul", {"s", "d"}, {"e"}),
                 node("Sub", {"e", "s"}, {"y"})},
                {kChannels}));
            const std::vector<double> found = outputs_of(net, kImage);
            ASSERT_EQ(found.size(), 12 * copies);
            const double sums[] = {6, -3, 8, 12.5}, share = mean ? 1.0 / 3 : double(copies);
            for (size_t i = 0; i < found.size(); i++)
                EXPECT_NEAR(found[i], kImage[i % 12] - sums[i % 4] * share, mean ? 1e-6 : 1e-12) << i;
        }
    }
    EXPECT_THAT(import_error(on_planes({node("ReduceSum", {"a"}, {"y"})}, {})),
                HasSubstr("(ReduceSum): axes: expected 2 and 3, or 1 that is kept, found []"));
    EXPECT_THAT(import_error(on_planes(
                    {node("ReduceSum", {"a", "axes"}, {"y"}, {int_attribute("keepdims", 0)})}, {kChannels})),
                HasSubstr("found [1]"));
}

TEST(ImportOnnx, TakesSoftmaxOverChannels) {
    std::vector<double> expected(12);
    for (size_t i = 0; i < 12; i++) {
        double sum = 0;
        for (size_t c = 0; c < 3; c++) sum += std::exp(double{kImage[4 * c + i % 4]});
        expected[i] = std::exp(double{kImage[i]}) / sum;
    }
    const auto softmax = [](int64_t axis, const char *from) {
        return node("Softmax", {from}, {"y"}, {int_attribute("axis", axis)});
    };
    const Message to_pixels = node("Transpose", {"a"}, {"t"}, {ints_attribute("perm", {0, 2, 3, 1})}),
                  rows = node("Reshape", {"t", "rows"}, {"r"});
    const Message shape = int_tensor("rows", {3}, {1, -1, 3});
    for (const Parts &parts : {on_planes({softmax(1, "a")}, {}), on_planes({softmax(-3, "a")}, {}),
                               on_planes({to_pixels, rows, softmax(2, "r")}, {shape})}) {
        const auto net = imported(parts);
        const std::vector<double> found = outputs_of(net, kImage);
        ASSERT_EQ(found.size(), 12u);
        const bool by_pixels = parts.nodes.size() > 2;
        for (size_t i = 0; i < 12; i++)
            EXPECT_NEAR(found[i], expected[by_pixels ? i % 3 * 4 + i / 3 : i], 1e-15) << i;
        EXPECT_THAT(kinds_of(net->network), ElementsAre(OpKind::kConv, OpKind::kSoftmax));
    }
    Parts logits = on_planes({node("GlobalAveragePool", {"a"}, {"p"}), node("Flatten", {"p"}, {"f"}),
                              node("Softmax", {"f"}, {"y"})},
                             {});
    for (int64_t opset : {11, 13}) {  // whose default axes differ
        logits.opset = opset;
        const std::vector<double> found = outputs_of(imported(logits), {4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4});
        ASSERT_EQ(found.size(), 3u);
        for (double share : found) EXPECT_NEAR(share, 1.0 / 3, 1e-15);
    }
}

TEST(ImportOnnx, RefusesSoftmaxOverOtherAxes) {
    const auto error = [](const Message &last, int64_t opset = 20) {
        Parts parts = on_planes({node("Concat", {"a", "a"}, {"c"}, {int_attribute("axis", 1)}), last}, {});
        parts.opset = opset;
        return import_error(parts);
    };
    EXPECT_THAT(error(node("Softmax", {"a"}, {"y"})),
                HasSubstr("the axis of an image's channels, found axis -1"));
    // Over all that lies behind the axis, too.
    EXPECT_THAT(error(node("Softmax", {"a"}, {"y"}), 11), HasSubstr("channels, found axis 1"));
    EXPECT_THAT(error(node("Softmax", {"c"}, {"y"}, {int_attribute("axis", 1)})),
                HasSubstr("expected one tensor's channels, found a part of them or several tensors"));
}

}  // namespace
}  // namespace hardnet::testing
