// The stem and depthwise convolutions against the reference operators, with ==.
#include <gmock/gmock.h>

#include <algorithm>

#include "schedules/blocking.h"
#include "tests/generators/images.h"

namespace hardnet::testing {
namespace {

class Stems : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Stems, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

struct StemCase {
    int out;
    InputSize size;
    Activation activation;
    Window window = Window::square(3, 2, 1);
    int planes = 3;
};

TEST_P(Stems, StemEqualsTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const StemCase all[] = {{32, {33, 25}, Activation::kRelu6},
                            {14, {5, 7}, Activation::kRelu},
                            {46, {1, 1}, Activation::kNone},
                            {24, {64, 40}, Activation::kRelu6},
                            {32, {5, 264}, Activation::kRelu6},
                            {32, {5, 600}, Activation::kRelu6},  // in strips of columns from here on
                            {24, {3, 1001}, Activation::kRelu6},
                            {32, {4, 734}, Activation::kNone},
                            {64, {33, 25}, Activation::kRelu, Window::square(7, 2, 3)},
                            {64, {9, 600}, Activation::kRelu, Window::square(7, 2, 3)},
                            {48, {5, 7}, Activation::kNone, Window::square(3, 1, 1)},
                            {64, {6, 480}, Activation::kRelu, Window::square(3, 1, 1)},
                            {32, {7, 600}, Activation::kRelu, Window{}},
                            {24, {9, 33}, Activation::kNone, Window::square(1, 2)},
                            {24, {40, 40}, Activation::kRelu, Window::square(11, 4, 2)},
                            {32, {12, 20}, Activation::kNone, {{1, 1, 1, 0, 0}, {7, 1, 1, 3, 3}}},
                            {32, {12, 700}, Activation::kNone, {{5, 2, 2, 4, 3}, {3, 1, 3, 0, 6}}},
                            {24, {33, 25}, Activation::kRelu6, Window::square(3, 2, 1), 1},
                            {32, {5, 2000}, Activation::kRelu, Window::square(3, 2, 1), 1},
                            {24, {33, 25}, Activation::kRelu6, Window::square(3, 2, 1), 2},
                            {64, {9, 600}, Activation::kRelu, Window::square(7, 2, 3), 4},
                            {32, {9, 100}, Activation::kNone, Window::square(7, 2, 3), 32},
                            {46, {9, 100}, Activation::kRelu6, Window::square(3, 2, 1), 64}};
    for (const StemCase &c : all) {
        SCOPED_TRACE(std::to_string(c.out) + " " + std::to_string(c.size.height) + "x" +
                     std::to_string(c.size.width));
        const Shape in{c.planes, c.size.height, c.size.width};
        const int taps = c.window.taps();
        const Shape shape = reference::window_output(in, c.window, c.out);
        const std::vector<float> x = eighths(size_t(in.elements()), 4),
                                 weight = eighths(size_t(c.out) * c.planes * taps, 5),
                                 bias = eighths(size_t(c.out), 6);
        std::vector<double> expected =
            reference::convolution({x.begin(), x.end()}, in, weight, bias, c.window);
        reference::activate(expected, c.activation);

        const int c8 = Image(shape).c8;
        const std::vector<ChannelPart> parts =
            stem_parts(machine(), c.window, c.planes, shape.width, shape.height, c8);
        std::vector<KernelSpec> specs;
        for (const ChannelPart &part : parts) {
            specs.push_back(StemSpec{c.window, c.planes, in.height, in.width, part.padded(), shape.width,
                                     part.block, part.extent, part.lanes, c8, c8 * shape.width,
                                     c.activation});
        }
        const KernelLibrary library(specs, machine());
        const Memory padded_bias = padded(bias, size_t(c8));
        const auto run = [&](int pieces) {
            Image out(shape);
            for (size_t p = 0; p < parts.size(); p++) {
                const int first = parts[p].first, channels = parts[p].padded();
                const Memory u = packed(weight, c.out, c.planes, taps, first, channels, channels);
                for (int piece = 0; piece < pieces; piece++) {
                    const int begin = shape.height * piece / pieces,
                              end = shape.height * (piece + 1) / pieces;
                    if (begin == end) continue;
                    call(library[p],
                         {Buffer(x.data(), {{0, in.width, 1},
                                            {0, in.height, in.width},
                                            {0, c.planes, in.width * in.height}}),
                          Buffer(u.data(),
                                 {{0, channels, 1}, {0, c.planes, channels}, {0, taps, c.planes * channels}}),
                          Buffer(padded_bias.data() + first, {{0, channels, 1}}),
                          out.view(first, channels).cropped(2, begin, end)});
                }
            }
            return out;
        };
        const Image whole = run(1);
        expect_image(whole, expected);
        EXPECT_TRUE(run(2).memory.same_bits(whole.memory)) << "in two by rows";
    }
}

TEST_P(Stems, NoKernelNeedsTheHeap) {
    // A ring of four rows of one block alone is 4 x 512 planes x 27 columns.
    const StemSpec wide{Window::square(3, 2, 1), 512, 8, 64, 32, 32, 32, 13, machine().lanes, 32, 1024,
                        Activation::kNone};
    try {
        const KernelLibrary library({wide}, machine());
        ADD_FAILURE() << "compiled";
    } catch (const std::exception &error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("expected at most 16 KiB on the stack, found padded"));
    }
}

struct DepthwiseCase {
    int channels;
    Window window;
    InputSize size;
    int pixels;
    Activation activation;

    Shape in() const { return {channels, size.height, size.width}; }
    Shape out() const { return reference::window_output(in(), window, channels); }
    int border() const {  // as wide as the window reaches beyond the image
        const WindowAxis &y = window.y, &x = window.x;
        return std::max({0, y.before, x.before, y.last(out().height - 1) - (size.height - 1),
                         x.last(out().width - 1) - (size.width - 1)});
    }
};

TEST_P(Stems, DepthwiseEqualsTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Window plain = Window::square(3, 1, 1), strided = Window::square(3, 2, 1);
    const DepthwiseCase all[] = {{14, plain, {5, 7}, 4, Activation::kNone},
                                 {46, strided, {33, 25}, 5, Activation::kRelu6},
                                 {78, plain, {33, 25}, 8, Activation::kRelu6},
                                 {334, strided, {5, 7}, 4, Activation::kRelu},
                                 {64, plain, {1, 1}, 1, Activation::kNone},
                                 {28, Window{}, {5, 7}, 4, Activation::kRelu},
                                 {46, Window::square(7, 1, 3), {9, 11}, 6, Activation::kNone},
                                 {16, {{1, 1, 1, 0, 0}, {5, 1, 2, 4, 4}}, {9, 11}, 6, Activation::kRelu},
                                 {24, {{5, 2, 1, 0, 1}, {2, 1, 3, 2, 1}}, {33, 25}, 8, Activation::kNone}};
    std::vector<KernelSpec> specs;
    for (const DepthwiseCase &c : all) {
        const Image in(c.in(), c.border()), out(c.out());
        DepthwiseSpec spec;
        spec.window = c.window;
        spec.width = out.shape.width;
        spec.pixels = c.pixels;
        spec.lanes = machine().lanes_for(out.c8);
        spec.weight_stride = out.c8;
        spec.in_pixel_stride = in.c8;
        spec.in_row_stride = in.row_stride();
        spec.pixel_stride = out.c8;
        spec.row_stride = out.row_stride();
        spec.activation = c.activation;
        specs.push_back(spec);
    }
    const KernelLibrary library(specs, machine());
    for (size_t i = 0; i < specs.size(); i++) {
        const DepthwiseCase &c = all[i];
        SCOPED_TRACE(key(specs[i]));
        const Shape in = c.in();
        const int taps = c.window.taps();
        const std::vector<float> x = eighths(size_t(in.elements()), 7),
                                 weight = eighths(size_t(c.channels) * taps, 8),
                                 bias = eighths(size_t(c.channels), 9);
        std::vector<double> expected =
            reference::depthwise_convolution({x.begin(), x.end()}, in, weight, bias, c.window);
        reference::activate(expected, c.activation);
        Image source = Image::of(in, x, c.border());
        const int c8 = source.c8, lanes = machine().lanes_for(c8);
        Memory u(size_t(taps) * c8);
        for (int k = 0; k < taps * c8; k++)
            u[k] = k % c8 < c.channels ? weight[size_t(k % c8) * taps + k / c8] : 0.0f;
        const Memory padded_bias = padded(bias, size_t(c8));
        const auto run = [&](int dim, int pieces) {
            Image out(c.out());
            const int units = dim == 0 ? c8 / lanes : out.shape.height, unit = dim == 0 ? lanes : 1;
            for (int piece = 0; piece < pieces; piece++) {
                const int begin = units * piece / pieces * unit, end = units * (piece + 1) / pieces * unit;
                if (begin == end) continue;
                call(library[i],
                     {Buffer(source.memory.data(), {{0, c8, 1},
                                                    {-source.border, source.columns, c8},
                                                    {-source.border, source.rows, source.row_stride()}}),
                      Buffer(u.data(), {{0, c8, 1}, {0, taps, c8}}), Buffer(padded_bias.data(), {{0, c8, 1}}),
                      out.view(0, c8).cropped(dim, begin, end)});
            }
            return out;
        };
        const Image whole = run(2, 1);
        expect_image(whole, expected);
        EXPECT_TRUE(run(2, 2).memory.same_bits(whole.memory)) << "in two by rows";
        EXPECT_TRUE(run(0, 2).memory.same_bits(whole.memory)) << "in two by channels";
    }
}

}  // namespace
}  // namespace hardnet::testing
