// Pools, the fully connected layer and the normalisation of 8-bit images.
#include <cmath>

#include "tests/generators/images.h"

namespace hardnet::testing {
namespace {

class Ends : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Ends, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

struct PoolCase {
    int channels;
    Window window;
    InputSize size;
};

TEST_P(Ends, MaxPoolEqualsTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const PoolCase all[] = {{14, Window::square(2, 2, 0), {5, 7}},
                            {78, Window::square(2, 2, 0), {33, 25}},
                            {334, Window::square(3, 2, 1), {5, 7}},
                            {28, Window::square(3, 2, 1), {33, 25}},
                            {64, Window::square(3, 2, 1), {1, 1}},
                            {46, Window::square(3, 2, 0), {33, 25}},
                            {14, Window::square(3, 1, 2, 2), {9, 7}},  // dilated
                            {28, {{1, 1, 1, 0, 0}, {5, 2, 1, 2, 1}}, {5, 33}},
                            {46, {{3, 2, 3, 2, 4}, {2, 1, 1, 1, 0}}, {9, 8}}};
    const auto out_shape = [](const PoolCase &c) {
        return reference::window_output({c.channels, c.size.height, c.size.width}, c.window, c.channels);
    };
    std::vector<KernelSpec> specs;
    for (const PoolCase &c : all) {
        const Image in({c.channels, c.size.height, c.size.width}), out(out_shape(c));
        PoolSpec spec;
        spec.window = c.window;
        spec.in_height = c.size.height;
        spec.in_width = c.size.width;
        spec.width = out.shape.width;
        spec.height = out.shape.height;
        spec.lanes = machine().lanes_for(out.c8);
        spec.in_pixel_stride = in.c8;
        spec.in_row_stride = in.row_stride();
        spec.pixel_stride = out.c8;
        spec.row_stride = out.row_stride();
        specs.push_back(spec);
    }
    const KernelLibrary library(specs, machine());
    for (size_t i = 0; i < specs.size(); i++) {
        SCOPED_TRACE(key(specs[i]));
        const PoolCase &c = all[i];
        const Shape in{c.channels, c.size.height, c.size.width};
        std::vector<float> x = eighths(size_t(in.elements()), 11);
        for (float &v : x) v -= 2;  // all negative: a zero from the padding would win
        const std::vector<double> expected = reference::max_pool(
            {x.begin(), x.end()}, in, reference::window_output(in, c.window, c.channels), c.window);
        const Image source = Image::of(in, x);
        const auto run = [&](int dim, int pieces) {
            Image out(out_shape(c));
            const int unit = dim == 0 ? machine().lanes_for(out.c8) : 1;
            const int units = dim == 0 ? out.c8 / unit : out.shape.height;
            for (int piece = 0; piece < pieces; piece++) {
                const int begin = units * piece / pieces * unit, end = units * (piece + 1) / pieces * unit;
                if (begin == end) continue;
                call(library[i], {source.view(0, source.c8), out.view(0, out.c8).cropped(dim, begin, end)});
            }
            return out;
        };
        const Image whole = run(2, 1);
        expect_image(whole, expected);
        EXPECT_TRUE(run(2, 2).memory.same_bits(whole.memory)) << "in two by rows";
        EXPECT_TRUE(run(0, 2).memory.same_bits(whole.memory)) << "in two by channels";
    }
}

// The sum is exact; the mean is off by the rounding of 1 / pixels and of the product.
TEST_P(Ends, GlobalPoolIsTheMeanOrTheSum) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Shape all[] = {{14, 5, 7}, {334, 7, 7}, {78, 33, 25}, {64, 1, 1}, {46, 4, 8}};
    std::vector<KernelSpec> specs;
    for (const Shape &shape : all) {
        const Image in(shape);
        for (bool exact : {false, true})
            specs.push_back(GlobalPoolSpec{shape.height, shape.width, in.c8, in.row_stride(),
                                           machine().lanes_for(in.c8), false, exact});
        specs.push_back(specs.back());
        std::get<GlobalPoolSpec>(specs.back()).sum = true;
    }
    const KernelLibrary library(specs, machine());
    for (size_t i = 0; i < specs.size(); i++) {
        SCOPED_TRACE(key(specs[i]));
        const Shape &shape = all[i / 3];
        const GlobalPoolSpec &spec = std::get<GlobalPoolSpec>(specs[i]);
        const std::vector<float> x = eighths(size_t(shape.elements()), 12);
        const std::vector<double> wide(x.begin(), x.end()),
            expected =
                spec.sum ? reference::global_sum(wide, shape) : reference::global_average_pool(wide, shape);
        const Image source = Image::of(shape, x);
        const int written = spec.exact ? shape.channels : source.c8;
        const int lanes = machine().lanes_for(source.c8), units = source.c8 / lanes;
        const auto run = [&](int pieces) {
            Memory out(size_t(source.c8) + 64);
            for (int piece = 0; piece < pieces; piece++) {
                const int begin = units * piece / pieces * lanes,
                          end = std::min(units * (piece + 1) / pieces * lanes, written);
                if (begin == end) continue;
                call(library[i], {source.view(0, source.c8),
                                  Buffer(out.data(), {{0, written, 1}}).cropped(0, begin, end)});
            }
            return out;
        };
        const Memory whole = run(1);
        for (int c = 0; c < shape.channels; c++) {
            ASSERT_NEAR(whole[c], expected[c], spec.sum ? 0 : std::fabs(expected[c]) * 1.8e-7)
                << c;  // three half units in the last place
        }
        for (int64_t c = written; c < int64_t(whole.size()); c++) EXPECT_TRUE(whole.untouched(c)) << c;
        EXPECT_TRUE(run(2).same_bits(whole)) << "in two by channels";
    }
}

struct DenseCase {
    int in, out;
};

TEST_P(Ends, FullyConnectedEqualsTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    constexpr int kBlock = 64;
    for (const DenseCase &c :
         {DenseCase{334, 1000}, DenseCase{78, 10}, DenseCase{14, 64}, DenseCase{1, 129}}) {
        SCOPED_TRACE(std::to_string(c.in) + " -> " + std::to_string(c.out));
        const std::vector<float> x = eighths(size_t(c.in), 13), weight = eighths(size_t(c.in) * c.out, 14),
                                 bias = eighths(size_t(c.out), 15);
        const std::vector<double> expected = reference::fully_connected({x.begin(), x.end()}, weight, bias);
        // Whole blocks, then what is left with a kernel of its own.
        const int lanes = machine().lanes, whole = c.out / kBlock * kBlock, tail = c.out - whole;
        const int tail_block = (tail + lanes - 1) / lanes * lanes;
        std::vector<KernelSpec> specs;
        if (whole) specs.push_back(FullyConnectedSpec{c.in, kBlock, lanes, 0});
        if (tail) specs.push_back(FullyConnectedSpec{c.in, tail_block, lanes, tail});
        const KernelLibrary library(specs, machine());
        const Memory padded_bias = padded(bias, size_t(c.out) + kBlock);
        const auto run = [&](int pieces) {
            Memory out(size_t(c.out) + kBlock);
            const auto part = [&](hardnet_kernel kernel, int first, int channels, int block) {
                const Memory u = packed(weight, c.out, c.in, 1, first, channels, block);
                const int blocks = (channels + block - 1) / block;
                for (int piece = 0; piece < pieces; piece++) {
                    const int begin = blocks * piece / pieces * block;
                    const int end = std::min(channels, blocks * (piece + 1) / pieces * block);
                    if (begin >= end) continue;
                    call(kernel,
                         {Buffer(x.data(), {{0, c.in, 1}}),
                          Buffer(u.data(), {{0, block, 1}, {0, c.in, block}, {0, blocks, block * c.in}}),
                          Buffer(padded_bias.data() + first, {{0, blocks * block, 1}}),
                          Buffer(out.data() + first, {{0, channels, 1}}).cropped(0, begin, end)});
                }
            };
            if (whole) part(library[0], 0, whole, kBlock);
            if (tail) part(library[whole ? 1 : 0], whole, tail, tail_block);
            return out;
        };
        const Memory out = run(1);
        for (int o = 0; o < c.out; o++) ASSERT_EQ(out[o], float(expected[o])) << o;
        for (int64_t o = c.out; o < int64_t(out.size()); o++) ASSERT_TRUE(out.untouched(o)) << o;
        EXPECT_TRUE(run(2).same_bits(out)) << "in two by blocks";
    }
}

TEST_P(Ends, NormaliseIsWithinRounding) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    constexpr double kBound = 4e-7;  // absolute; values reach 2.6, whose unit in the last place is 2.4e-7
    const std::vector<float> means{0.485f, 0.456f, 0.406f, 0.5f}, deviations{0.229f, 0.224f, 0.225f, 0.25f};
    const Shape all[] = {{3, 1, 1}, {3, 5, 7}, {3, 33, 25}, {3, 16, 64}, {1, 5, 7}, {2, 16, 64}, {4, 33, 25}};
    std::vector<KernelSpec> specs;
    for (const Shape &s : all)
        specs.push_back(NormalizeSpec{s.height,
                                      s.width,
                                      false,
                                      {means.begin(), means.begin() + s.channels},
                                      {deviations.begin(), deviations.begin() + s.channels}});
    const KernelLibrary library(specs, machine());
    for (size_t i = 0; i < specs.size(); i++) {
        SCOPED_TRACE(key(specs[i]));
        const int planes = all[i].channels, h = all[i].height, w = all[i].width, plane = h * w;
        std::vector<uint8_t> image(size_t(planes) * plane);
        for (size_t k = 0; k < image.size(); k++) image[k] = uint8_t(k * 151 + k / 251);
        const auto run = [&](int pieces) {
            Memory out(size_t(planes) * plane + 64);
            for (int piece = 0; piece < pieces; piece++) {
                const int begin = h * piece / pieces, end = h * (piece + 1) / pieces;
                if (begin == end) continue;
                call(library[i],
                     {Buffer(image.data(), {{0, planes, 1}, {0, w, planes}, {0, h, planes * w}}),
                      Buffer(out.data(), {{0, w, 1}, {0, h, w}, {0, planes, plane}}).cropped(1, begin, end)});
            }
            return out;
        };
        const Memory whole = run(1);
        for (int k = 0; k < planes * plane; k++) {
            const int c = k / plane;
            const double expected =
                (image[size_t(k % plane) * planes + c] / 255.0 - means[c]) / deviations[c];
            ASSERT_NEAR(whole[k], expected, kBound) << k;
        }
        for (int64_t k = planes * plane; k < int64_t(whole.size()); k++) ASSERT_TRUE(whole.untouched(k)) << k;
        EXPECT_TRUE(run(2).same_bits(whole)) << "in two by rows";
    }
}

}  // namespace
}  // namespace hardnet::testing
