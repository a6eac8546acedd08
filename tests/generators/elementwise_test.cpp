// Norms in front, average pools, resizing, outputs in the caller's order and norms over channels or the image.
#include <cmath>

#include "reference/compare.h"
#include "tests/generators/images.h"

namespace hardnet::testing {
namespace {

class Elementwise : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Elementwise, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

std::vector<double> wide(const std::vector<float> &values) { return {values.begin(), values.end()}; }

// A channels-last image's values, planar.
std::vector<float> planar(const Image &image) {
    std::vector<float> values;
    for (int c = 0; c < image.shape.channels; c++)
        for (int y = 0; y < image.shape.height; y++)
            for (int x = 0; x < image.shape.width; x++) values.push_back(image.memory[image.at(c, x, y)]);
    return values;
}

// Calls a kernel for all rows in `pieces` calls; `arguments` stand in front of the output.
void by_rows(hardnet_kernel kernel, const std::vector<Buffer> &arguments, const Buffer &out, int dim,
             int rows, int pieces) {
    for (int piece = 0; piece < pieces; piece++) {
        const int begin = rows * piece / pieces, end = rows * (piece + 1) / pieces;
        if (begin == end) continue;
        std::vector<Buffer> all = arguments;
        all.push_back(out.cropped(dim, begin, end));
        call(kernel, all);
    }
}

TEST_P(Elementwise, AveragePoolIsTheMeanOfWhatLiesInThePaddedImage) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    struct Case {
        int channels;
        Window window;
        InputSize in, out;
        bool excludes_padding = false;
    };
    // The fourth and the fifth have windows that reach beyond the padded image.
    const Case all[] = {{14, Window::square(2, 2, 0), {8, 6}, {4, 3}},
                        {78, Window::square(3, 2, 1), {33, 25}, {17, 13}},
                        {46, Window::square(9, 1, 4), {5, 7}, {5, 7}},
                        {28, Window::square(2, 2, 0), {5, 7}, {3, 4}},
                        {16, Window::square(2, 2, 0), {1, 1}, {1, 1}},
                        {46, Window::square(3, 2, 1), {33, 25}, {17, 13}, true},
                        {24, Window::square(3, 2, 1), {4, 6}, {3, 4}, true},
                        {14, {{1, 1, 1, 0, 0}, {5, 2, 2, 3, 2}}, {5, 17}, {5, 7}, true},
                        {14, {{2, 1, 3, 1, 2}, {3, 2, 1, 0, 1}}, {9, 8}, {9, 4}}};
    for (const Case &c : all) {
        const Shape in{c.channels, c.in.height, c.in.width}, shape{c.channels, c.out.height, c.out.width};
        const std::vector<float> x = eighths(size_t(in.elements()), 1);
        const Image source = Image::of(in, x, std::max(c.window.x.before, c.window.y.before) + 1);
        Image out(shape);
        PoolSpec spec{PoolKind::kAverage, c.window, c.excludes_padding, in.height, in.width};
        spec.width = shape.width;
        spec.height = shape.height;
        spec.lanes = machine().lanes_for(out.c8);
        spec.in_pixel_stride = source.c8;
        spec.in_row_stride = source.row_stride();
        spec.pixel_stride = out.c8;
        spec.row_stride = out.row_stride();
        SCOPED_TRACE(spec.key());
        const KernelLibrary library({spec}, machine());
        Buffer from(source.memory.data(), {{0, source.c8, 1},
                                           {-source.border, source.columns, source.c8},
                                           {-source.border, source.rows, source.row_stride()}});
        by_rows(library[0], {from}, out.view(0, out.c8), 2, shape.height, 2);
        const std::vector<double> expected =
            reference::average_pool(wide(x), in, shape, c.window, c.excludes_padding);
        EXPECT_LE(compare(planar(out), expected).relative_rms, 1e-7);
    }
}

TEST_P(Elementwise, NormInFrontWithAndWithoutABorder) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Shape shape{46, 5, 7};
    const std::vector<float> x = eighths(size_t(shape.elements()), 1), scale = eighths(46, 2),
                             shift = eighths(46, 3);
    const Image source = Image::of(shape, x);
    const Memory factors = padded(scale, size_t(source.c8)), terms = padded(shift, size_t(source.c8));
    reference::Tensor expected = wide(x);
    reference::scale(expected, shape, scale, shift);
    reference::activate(expected, Activation::kRelu);
    for (int border : {0, 1}) {
        NormSpec spec{shape.height, shape.width, border, source.c8, source.row_stride()};
        Image out(shape, border);
        spec.pixel_stride = out.c8;
        spec.row_stride = out.row_stride();
        spec.lanes = machine().lanes_for(out.c8);
        const KernelLibrary library({spec}, machine());
        const Buffer target(
            out.memory.data(),
            {{0, out.c8, 1}, {-border, out.columns, out.c8}, {-border, out.rows, out.row_stride()}});
        call(library[0], {source.view(0, source.c8), Buffer(factors.data(), {{0, out.c8, 1}}),
                          Buffer(terms.data(), {{0, out.c8, 1}}), target});
        EXPECT_EQ(wide(planar(out)), expected) << border;
        if (border == 0) continue;
        EXPECT_EQ(out.memory[out.at(3, -1, 2)], 0.0f);
        EXPECT_EQ(out.memory[out.at(3, shape.width, shape.height)], 0.0f);
    }
}

struct ResizeCase {
    Shape in;
    InputSize out;
    Sampling sampling;
};

constexpr Sampling kCorners{Places::kAlignCorners, Neighbours::kLinear};

const ResizeCase kResizes[] = {{{14, 5, 7}, {9, 13}, kCorners},
                               {{46, 4, 8}, {8, 16}, {}},
                               {{78, 1, 1}, {3, 5}, kCorners},
                               {{19, 17, 33}, {33, 65}, kCorners},
                               {{16, 33, 20}, {7, 9}, {}},
                               {{24, 6, 5}, {6, 5}, kCorners},
                               {{14, 5, 7}, {10, 11}, {Places::kAsymmetric, Neighbours::kLinear}},
                               {{14, 5, 7}, {10, 14}, {Places::kAsymmetric, Neighbours::kFloor}},
                               {{46, 6, 8}, {9, 3}, {Places::kHalfPixel, Neighbours::kNearestLower}},
                               {{24, 8, 6}, {4, 9}, {Places::kHalfPixel, Neighbours::kNearestUpper}},
                               {{16, 4, 9}, {7, 5}, {Places::kAlignCorners, Neighbours::kCeil}},
                               {{5003, 1, 2}, {1, 2}, {}}};

ResizeSpec spec_of(const ResizeCase &c, const Image &source) {
    ResizeSpec spec{c.in.height, c.in.width, c.out.height, c.out.width, c.sampling};
    spec.in_pixel_stride = source.c8;
    spec.in_row_stride = source.row_stride();
    return spec;
}

TEST_P(Elementwise, ResizeChannelsLastAndPlanar) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (const ResizeCase &c : kResizes) {
        const Shape shape{c.in.channels, c.out.height, c.out.width};
        const std::vector<float> x = uniform(size_t(c.in.elements()), 1);
        const Image source = Image::of(c.in, x);
        Image out(shape);
        ResizeSpec spec = spec_of(c, source);
        spec.lanes = machine().lanes_for(source.c8);
        spec.pixel_stride = out.c8;
        spec.row_stride = out.row_stride();
        SCOPED_TRACE(spec.key());
        const KernelLibrary library({spec, PlanarSpec{spec, shape.channels}}, machine());
        const std::vector<double> expected = reference::resize(wide(x), c.in, shape, c.sampling);
        by_rows(library[0], {source.view(0, source.c8)}, out.view(0, out.c8), 2, shape.height, 2);
        EXPECT_LE(compare(planar(out), expected).relative_rms, 2e-7);

        Memory values(size_t(shape.elements()) + 16);
        const int plane = shape.width * shape.height;
        const Buffer target(
            values.data(), {{0, shape.width, 1}, {0, shape.height, shape.width}, {0, shape.channels, plane}});
        by_rows(library[1], {source.view(0, source.c8)}, target, 1, shape.height, 2);
        EXPECT_LE(compare(std::vector<float>(values.data(), values.data() + shape.elements()), expected)
                      .relative_rms,
                  2e-7);
        EXPECT_TRUE(values.untouched(shape.elements())) << "written behind the output";
    }
}

// The first of equals where values are exact; where a resize rounds, one that is as great as the greatest but for that.
TEST_P(Elementwise, GreatestChannelOfWhatAResizeMakes) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (const ResizeCase &c : kResizes) {
        const Shape shape{c.in.channels, c.out.height, c.out.width};
        const bool exact = c.in.height == c.out.height && c.in.width == c.out.width;
        const std::vector<float> x = (exact ? eighths : uniform)(size_t(c.in.elements()), 1);
        const Image source = Image::of(c.in, x);
        ResizeSpec spec = spec_of(c, source);
        spec.lanes = machine().lanes_for(source.c8);
        SCOPED_TRACE(spec.key());
        const KernelLibrary library({PlanarSpec{spec, shape.channels, true}}, machine());
        const size_t plane = size_t(shape.width) * size_t(shape.height);
        Memory values(plane + 16);
        const Buffer target(values.data(),
                            {{0, shape.width, 1}, {0, shape.height, shape.width}, {0, 1, int(plane)}});
        by_rows(library[0], {source.view(0, source.c8)}, target, 1, shape.height, 2);
        const std::vector<double> resized = reference::resize(wide(x), c.in, shape, c.sampling);
        const std::vector<double> expected = reference::argmax(resized, shape);
        for (size_t i = 0; i < plane; i++) {
            const double found = values.data()[i];
            if (exact) {
                EXPECT_EQ(found, expected[i]) << i;
            }
            ASSERT_TRUE(found >= 0 && found < shape.channels && found == std::floor(found)) << found;
            EXPECT_NEAR(resized[size_t(found) * plane + i], resized[size_t(expected[i]) * plane + i], 1e-6)
                << i;
        }
        EXPECT_TRUE(values.untouched(int64_t(plane))) << "written behind the output";
    }
}

TEST_P(Elementwise, OneChannelIsHeldToItsThreshold) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Shape shape{1, 5, 21};
    const std::vector<float> x = eighths(size_t(shape.elements()), 1);
    const Image source = Image::of(shape, x);
    for (float threshold : {-0.375f, 0.0f}) {  // some are equal to it
        PlanarSpec spec{spec_of({shape, {shape.height, shape.width}, {}}, source), 1, true, threshold};
        spec.resize.lanes = machine().lanes_for(source.c8);
        SCOPED_TRACE(spec.key());
        const KernelLibrary library({spec}, machine());
        Memory values(size_t(shape.elements()) + 16);
        const Buffer target(values.data(), {{0, 21, 1}, {0, 5, 21}, {0, 1, 5 * 21}});
        by_rows(library[0], {source.view(0, source.c8)}, target, 1, shape.height, 2);
        const std::vector<double> expected = reference::argmax(wide(x), shape, double{threshold});
        for (size_t i = 0; i < expected.size(); i++) EXPECT_EQ(values.data()[i], expected[i]) << i;
        EXPECT_TRUE(values.untouched(shape.elements())) << "written behind the output";
    }
}

TEST_P(Elementwise, RowsLieWithoutPadding) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (int channels : {4, 16, 24, 54, 486}) {
        const Shape shape{channels, 3, 5};
        const std::vector<float> x = eighths(size_t(shape.elements()), 1);
        const Image source = Image::of(shape, x);
        const RowsSpec spec{channels, shape.width, source.c8, source.row_stride()};
        const KernelLibrary library({spec}, machine());
        Memory rows(size_t(shape.elements()) + 16);
        const Buffer target(
            rows.data(),
            {{0, channels, 1}, {0, shape.width, channels}, {0, shape.height, channels * shape.width}});
        by_rows(library[0], {source.view(0, channels)}, target, 2, shape.height, 2);
        int wrong = 0;
        for (int y = 0; y < shape.height; y++)
            for (int at = 0; at < shape.width; at++)
                for (int c = 0; c < channels; c++)
                    wrong += rows[(int64_t{y} * shape.width + at) * channels + c] !=
                             source.memory[source.at(c, at, y)];
        EXPECT_EQ(wrong, 0) << channels;
        EXPECT_TRUE(rows.untouched(shape.elements())) << channels;
    }
}

TEST_P(Elementwise, NormsOverChannelsAndOverTheImage) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (const Shape &shape : {Shape{320, 5, 7}, Shape{48, 1, 1}}) {
        std::vector<float> x = uniform(size_t(shape.elements()), 1);
        for (float &v : x) v = std::abs(v);  // as behind a ReLU
        const std::vector<float> weight = uniform(size_t(shape.channels), 2);
        const Image source = Image::of(shape, x);
        Image scaled(shape), shared(shape);
        const int lanes = machine().lanes_for(source.c8), row = source.row_stride();
        const L2NormSpec l2{source.c8, shape.width, source.c8, row, source.c8, row, lanes};
        const SpatialNormSpec spatial{shape.height, shape.width, source.c8, row, source.c8, row, lanes};
        const KernelLibrary library({l2, spatial}, machine());
        const Memory factors = padded(weight, size_t(source.c8));
        by_rows(library[0], {source.view(0, source.c8), Buffer(factors.data(), {{0, source.c8, 1}})},
                scaled.view(0, source.c8), 2, shape.height, 2);
        EXPECT_LE(compare(planar(scaled), reference::l2_norm(wide(x), shape, weight)).relative_rms, 2e-7);
        call(library[1], {source.view(0, source.c8), shared.view(0, source.c8)});
        EXPECT_LE(compare(planar(shared), reference::spatial_norm(wide(x), shape)).relative_rms, 4e-7);
    }
}

}  // namespace
}  // namespace hardnet::testing
