// Resizes and pads that become tables, by what ONNX's own tests of these operators state.
#include <gmock/gmock.h>

#include <numeric>

#include "tests/onnx/imported.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Resized {
    const char *name;
    std::vector<Message> attributes;
    std::vector<float> scales;   // or
    std::vector<int64_t> sizes;  // of what `axes` says
    int rows, columns;           // of the image, whose pixels are 1, 2, 3...
    std::vector<double> expected;
    std::vector<float> region{};
};

Message mode(const char *name) { return text_attribute("mode", name); }
Message places(const char *name) { return text_attribute("coordinate_transformation_mode", name); }

const Message kSmooth = int_attribute("antialias", 1), kRowsAndColumns = ints_attribute("axes", {-2, -1});

// On one plane of an image of three.
Parts resized(const Resized &c) {
    Parts parts;
    parts.input = {1, 3, c.rows, c.columns};
    add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
    const bool by_sizes = c.scales.empty();
    std::vector<std::string> inputs{"a", c.region.empty() ? "" : "region", by_sizes ? "" : "by"};
    if (by_sizes) inputs.push_back("by");
    parts.nodes.push_back(node("Resize", inputs, {"y"}, c.attributes));
    parts.initializers.push_back(by_sizes ? int_tensor("by", {int64_t(c.sizes.size())}, c.sizes)
                                          : tensor("by", {int64_t(c.scales.size())}, c.scales));
    if (!c.region.empty())
        parts.initializers.push_back(tensor("region", {int64_t(c.region.size())}, c.region));
    return parts;
}

std::vector<Resized> resizes() {
    return {
        {"scales_nearest", {}, {1, 1, 0.6f, 0.6f}, {}, 2, 4, {1, 3}},
        {"linear_align_corners",
         {mode("linear"), places("align_corners")},
         {1, 1, 0.6f, 0.6f},
         {},
         2,
         4,
         {1, 3.142857074737549}},
        {"scales_cubic",
         {mode("cubic")},
         {1, 1, 0.8f, 0.8f},
         {},
         4,
         4,
         {1.47119140625, 2.78125, 4.08251953125, 6.71142578125, 8.021484375, 9.32275390625, 11.91650390625,
          13.2265625, 14.52783203125}},
        {"cubic_exclude_outside",
         {mode("cubic"), float_attribute("cubic_coeff_a", -0.5f), int_attribute("exclude_outside", 1)},
         {1, 1, 0.8f, 0.8f},
         {},
         4,
         4,
         {1.3681267499923706, 2.669501304626465, 4.013336658477783, 6.573625087738037, 7.875,
          9.21883487701416, 11.948966026306152, 13.250341415405273, 14.594176292419434}},
        {"linear_antialias",
         {mode("linear"), kSmooth},
         {1, 1, 0.6f, 0.6f},
         {},
         4,
         4,
         {2.875, 4.5, 9.375, 11}},
        {"cubic_antialias",
         {mode("cubic"), kSmooth},
         {1, 1, 0.6f, 0.6f},
         {},
         4,
         4,
         {2.5180721282958984, 4.285886287689209, 9.58932876586914, 11.357142448425293}},
        {"linear_half_pixel_symmetric",
         {mode("linear"), places("half_pixel_symmetric")},
         {1, 1, 1, 0.6f},
         {},
         1,
         4,
         {1.6666667461395264, 3.3333332538604736}},
        {"pytorch_half_pixel",
         {mode("linear"), places("pytorch_half_pixel")},
         {},
         {1, 1, 3, 1},
         4,
         4,
         {1.6666666269302368, 7, 12.333333015441895}},
        {"nearest_not_larger",
         {kRowsAndColumns, text_attribute("keep_aspect_ratio_policy", "not_larger")},
         {},
         {1, 3},
         2,
         4,
         {1, 3}},
        {"tf_crop_and_resize",
         {mode("linear"), places("tf_crop_and_resize"), float_attribute("extrapolation_value", 10)},
         {},
         {1, 1, 3, 3},
         4,
         4,
         {7.600000381469727, 10, 10, 12.40000057220459, 10, 10, 10, 10, 10},
         {0, 0, 0.4f, 0.6f, 1, 1, 1.2f, 1.7f}},
    };
}

TEST(ImportOnnx, ResizesByEveryRuleOfTheFormat) {
    for (const Resized &c : resizes()) {
        SCOPED_TRACE(c.name);
        std::vector<float> image(size_t(3 * c.rows * c.columns));
        std::iota(image.begin(), image.end(), 1.0f);
        const std::vector<double> found = outputs_of(imported(resized(c)), image);
        ASSERT_EQ(found.size(), c.expected.size());
        for (size_t i = 0; i < found.size(); i++) EXPECT_NEAR(found[i], c.expected[i], 3e-6) << i;
    }
}

// A whole scale has no tables, and sizes of equal shares on both axes have not either.
TEST(ImportOnnx, KeepsTheNetworksOwnResizes) {
    for (const Resized &c :
         {Resized{"whole", {mode("linear")}, {1, 1, 1.5f, 2}, {}, 4, 3, {}},
          {"a third", {mode("linear"), places("asymmetric")}, {}, {1, 1, 7, 7}, 3, 3, {}},
          {"symmetric", {mode("linear"), places("half_pixel_symmetric")}, {1, 1, 2, 2}, {}, 3, 3, {}},
          {"axes", {ints_attribute("axes", {3})}, {2}, {}, 3, 3, {}},
          {"smooth", {mode("nearest"), kSmooth}, {1, 1, 0.5f, 0.5f}, {}, 4, 4, {}},
          {"not smaller",
           {kRowsAndColumns, text_attribute("keep_aspect_ratio_policy", "not_smaller")},
           {},
           {7, 8},
           2,
           2,
           {}}}) {
        const auto net = imported(resized(c));
        ASSERT_TRUE(net) << net.error().what;
        EXPECT_EQ(net->network.layers.back().op, OpKind::kResize) << c.name;
    }
}

TEST(ImportOnnx, UpsamplesAsOldOpsetsDo) {
    for (const bool linear : {false, true}) {
        Parts parts;
        parts.opset = 9;
        parts.input = {1, 3, 1, 2};
        add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
        parts.nodes.push_back(
            node("Upsample", {"a", "scales"}, {"y"}, {mode(linear ? "linear" : "nearest")}));
        parts.initializers.push_back(tensor("scales", {4}, {1, 1, 1, 2}));
        EXPECT_EQ(outputs_of(imported(parts), {2, 4, 0, 0, 0, 0}),
                  (linear ? std::vector<double>{2, 3, 4, 4} : std::vector<double>{2, 2, 4, 4}));
        parts.opset = 10;
        EXPECT_THAT(import_error(parts), HasSubstr("expected opset 9 to 9 of this operator, found 10"));
    }
}

TEST(ImportOnnx, RefusesResizesThatAreNone) {
    const auto error = [](const std::vector<Message> &attributes, const std::vector<float> &scales,
                          const std::vector<float> &region = {}) {
        return import_error(resized({"", attributes, scales, {}, 4, 4, {}, region}));
    };
    EXPECT_THAT(error({}, {1, 1, 2}), HasSubstr("expected 4 known sizes or scales, found another input"));
    EXPECT_THAT(error({}, {1, 2, 2, 2}), HasSubstr("height and width alone, found one of batch or channels"));
    EXPECT_THAT(error({}, {1, 1, 0.1f, 1}),
                HasSubstr("expected a whole height and width up to 65536, found 0"));
    EXPECT_THAT(error({mode("area")}, {1, 1, 2, 2}),
                HasSubstr("expected linear, nearest or cubic, found \"area\""));
    EXPECT_THAT(error({places("corner")}, {1, 1, 2, 2}),
                HasSubstr("or tf_crop_and_resize, found \"corner\""));
    EXPECT_THAT(error({text_attribute("nearest_mode", "up")}, {1, 1, 2, 2}),
                HasSubstr("floor or ceil, found \"up\""));
    EXPECT_THAT(error({text_attribute("keep_aspect_ratio_policy", "all")}, {1, 1, 2, 2}),
                HasSubstr("not_larger or not_smaller, found \"all\""));
    EXPECT_THAT(error({text_attribute("keep_aspect_ratio_policy", "not_larger")}, {1, 1, 2, 2}),
                HasSubstr("expected axes 2 and 3 with it"));
    EXPECT_THAT(error({places("tf_crop_and_resize")}, {1, 1, 2, 2}, {0, 0, 0}),
                HasSubstr("roi: expected 8 known"));
    EXPECT_THAT(error({places("tf_crop_and_resize")}, {1, 1, 2, 2}, {0, 0, 0, 0, 1, 1, 1e9f, 1}),
                HasSubstr("roi: expected shares of the image's extents"));
    EXPECT_THAT(error({mode("cubic"), float_attribute("cubic_coeff_a", 3e38f)}, {1, 1, 2, 2}),
                HasSubstr("expected numbers that a float32 holds"));
    Resized smooth{"", {mode("linear"), kSmooth}, {1, 1, 0.03f, 1}, {}, 64, 1, {}};
    EXPECT_THAT(import_error(resized(smooth)),
                HasSubstr("attribute antialias: expected scales from 1/16 on"));
    smooth.scales[2] = 0.1f;
    EXPECT_THAT(import_error(resized(smooth)),
                HasSubstr("at most 16 rows and columns that make one, found 20"));
}

Parts padded(const std::string &mode, const std::vector<int64_t> &pads,
             const std::vector<Message> &more = {}) {
    Parts parts;
    parts.input = {1, 3, 1, 4};
    add_conv(parts, "x", "a", 3, {1, 0, 0}, {0});
    parts.nodes.push_back(more.empty()
                              ? node("Pad", {"a", "pads", "value"}, {"y"}, {text_attribute("mode", mode)})
                              : node("Pad", {"a", "pads", "value", "axes"}, {"y"}));
    parts.initializers = {parts.initializers[0], parts.initializers[1],
                          int_tensor("pads", {int64_t(pads.size())}, pads), tensor("value", {}, {1.25f})};
    parts.initializers.insert(parts.initializers.end(), more.begin(), more.end());
    return parts;
}

TEST(ImportOnnx, PadsHeightAndWidth) {
    const std::vector<float> image{1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0};
    const auto values = [&](const Parts &parts) { return outputs_of(imported(parts), image); };
    EXPECT_THAT(values(padded("constant", {0, 0, 1, 2, 0, 0, 0, 1})),
                ElementsAre(1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1, 2, 3, 4, 1.25));
    EXPECT_THAT(values(padded("", {1, -1}, {int_tensor("axes", {1}, {-1})})), ElementsAre(1.25, 1, 2, 3));
    EXPECT_THAT(values(padded("edge", {0, 0, 0, 2, 0, 0, 0, 1})), ElementsAre(1, 1, 1, 2, 3, 4, 4));
    EXPECT_THAT(values(padded("reflect", {0, 0, 0, 2, 0, 0, 0, 1})), ElementsAre(3, 2, 1, 2, 3, 4, 3));
    EXPECT_THAT(values(padded("wrap", {0, 0, 0, 2, 0, 0, 0, 1})), ElementsAre(3, 4, 1, 2, 3, 4, 1));
}

TEST(ImportOnnx, RefusesPadsOfOtherAxes) {
    EXPECT_THAT(import_error(padded("constant", {0, 1, 0, 0, 0, 0, 0, 0})),
                HasSubstr("(Pad): expected pads of height and width alone, found 1 and 0 of axis 1"));
    EXPECT_THAT(import_error(padded("constant", {0, 0, 1})), HasSubstr("behind 4 axes, found 3 numbers"));
    EXPECT_THAT(import_error(padded("mirror", {0, 0, 1, 0, 0, 0, 0, 0})),
                HasSubstr("expected constant, reflect, edge or wrap, found \"mirror\""));
    EXPECT_THAT(import_error(padded("constant", {0, 0, 0, -4, 0, 0, 0, 0})),
                HasSubstr("expected 1 to 65536 rows and columns, found 0"));
    EXPECT_THAT(import_error(padded("constant", {0, 0, INT64_MAX, 0, 0, 0, INT64_MAX, 0})),
                HasSubstr("expected 1 to 65536 rows and columns, found 262145"));
}

}  // namespace
}  // namespace hardnet::testing
