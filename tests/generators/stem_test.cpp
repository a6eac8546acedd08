// The stem and depthwise convolutions against the reference operators, with ==.
#include <gmock/gmock.h>

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
    int kernel = 3, stride = 2;
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
                            {64, {33, 25}, Activation::kRelu, 7, 2},
                            {64, {9, 600}, Activation::kRelu, 7, 2},
                            {48, {5, 7}, Activation::kNone, 3, 1},
                            {64, {6, 480}, Activation::kRelu, 3, 1}};
    for (const StemCase &c : all) {
        SCOPED_TRACE(std::to_string(c.out) + " " + std::to_string(c.size.height) + "x" +
                     std::to_string(c.size.width));
        const Shape in{3, c.size.height, c.size.width};
        const int taps = c.kernel * c.kernel, padding = c.kernel / 2;
        const Shape shape{c.out, extent_out(in.height, c.kernel, c.stride),
                          extent_out(in.width, c.kernel, c.stride)};
        const std::vector<float> x = eighths(size_t(in.elements()), 4),
                                 weight = eighths(size_t(c.out) * 3 * taps, 5),
                                 bias = eighths(size_t(c.out), 6);
        std::vector<double> expected = reference::convolution({x.begin(), x.end()}, in, weight, bias,
                                                              Window::square(c.kernel, c.stride, padding));
        reference::activate(expected, c.activation);

        const int c8 = Image(shape).c8;
        const std::vector<ChannelPart> parts =
            convolution_parts(machine(), shape.width, shape.height, c8, 3 * taps);
        std::vector<KernelSpec> specs;
        for (const ChannelPart &part : parts) {
            specs.push_back(StemSpec{c.kernel, c.stride, padding, 3, in.height, in.width, part.padded(),
                                     shape.width, part.block, part.extent, part.lanes, c8, c8 * shape.width,
                                     c.activation});
        }
        const KernelLibrary library(specs, machine());
        const Memory padded_bias = padded(bias, size_t(c8));
        const auto run = [&](int pieces) {
            Image out(shape);
            for (size_t p = 0; p < parts.size(); p++) {
                const int first = parts[p].first, channels = parts[p].padded();
                const Memory u = packed(weight, c.out, 3, taps, first, channels, channels);
                for (int piece = 0; piece < pieces; piece++) {
                    const int begin = shape.height * piece / pieces,
                              end = shape.height * (piece + 1) / pieces;
                    if (begin == end) continue;
                    call(library[p],
                         {Buffer(x.data(),
                                 {{0, in.width, 1}, {0, in.height, in.width}, {0, 3, in.width * in.height}}),
                          Buffer(u.data(), {{0, channels, 1}, {0, 3, channels}, {0, taps, 3 * channels}}),
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
    const StemSpec wide{3, 2, 1, 512, 8, 64, 32, 32, 32, 13, machine().lanes, 32, 1024, Activation::kNone};
    try {
        const KernelLibrary library({wide}, machine());
        ADD_FAILURE() << "compiled";
    } catch (const std::exception &error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("expected at most 16 KiB on the stack, found padded"));
    }
}

struct DepthwiseCase {
    int channels, stride;
    InputSize size;
    int pixels;
    Activation activation;
};

TEST_P(Stems, DepthwiseEqualsTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const DepthwiseCase all[] = {{14, 1, {5, 7}, 4, Activation::kNone},
                                 {46, 2, {33, 25}, 5, Activation::kRelu6},
                                 {78, 1, {33, 25}, 8, Activation::kRelu6},
                                 {334, 2, {5, 7}, 4, Activation::kRelu},
                                 {64, 1, {1, 1}, 1, Activation::kNone}};
    std::vector<KernelSpec> specs;
    for (const DepthwiseCase &c : all) {
        const Image in({c.channels, c.size.height, c.size.width}, 1);
        const Image out(
            {c.channels, extent_out(c.size.height, 3, c.stride), extent_out(c.size.width, 3, c.stride)});
        DepthwiseSpec spec;
        spec.stride = c.stride;
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
        const Shape in{c.channels, c.size.height, c.size.width};
        const std::vector<float> x = eighths(size_t(in.elements()), 7),
                                 weight = eighths(size_t(c.channels) * 9, 8),
                                 bias = eighths(size_t(c.channels), 9);
        std::vector<double> expected = reference::depthwise_convolution({x.begin(), x.end()}, in, weight,
                                                                        bias, Window::square(3, c.stride, 1));
        reference::activate(expected, c.activation);
        Image source = Image::of(in, x, 1);
        const int c8 = source.c8, lanes = machine().lanes_for(c8);
        Memory taps(size_t(9) * c8);
        for (int k = 0; k < 9 * c8; k++)
            taps[k] = k % c8 < c.channels ? weight[size_t(k % c8) * 9 + k / c8] : 0.0f;
        const Memory padded_bias = padded(bias, size_t(c8));
        const auto run = [&](int dim, int pieces) {
            Image out({c.channels, extent_out(in.height, 3, c.stride), extent_out(in.width, 3, c.stride)});
            const int units = dim == 0 ? c8 / lanes : out.shape.height, unit = dim == 0 ? lanes : 1;
            for (int piece = 0; piece < pieces; piece++) {
                const int begin = units * piece / pieces * unit, end = units * (piece + 1) / pieces * unit;
                if (begin == end) continue;
                call(library[i],
                     {Buffer(source.memory.data(),
                             {{0, c8, 1}, {-1, source.columns, c8}, {-1, source.rows, source.row_stride()}}),
                      Buffer(taps.data(), {{0, c8, 1}, {0, 9, c8}}), Buffer(padded_bias.data(), {{0, c8, 1}}),
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
