// Direct convolutions and 1x1 against the reference operators, with ==.
#include <algorithm>

#include "schedules/blocking.h"
#include "tests/generators/images.h"

namespace hardnet::testing {
namespace {

class Convolutions : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Convolutions, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

struct Case {
    Window window;
    std::vector<int> sources;  // channels
    int out;
    InputSize size;
    Activation activation;
    bool residual = false;

    int border() const {
        const WindowAxis &y = window.y, &x = window.x;
        return std::max({y.before, y.after, x.before, x.after});
    }
    Shape in() const {
        int channels = 0;
        for (int c : sources) channels += c;
        return {channels, size.height, size.width};
    }
    Shape shape_out() const { return reference::window_output(in(), window, out); }
    std::string name() const {  // "conv 3x3/2 46+14 -> 28 33x25 relu6"
        Layer layer;
        layer.window = window;
        std::string text = describe(layer);
        for (size_t s = 0; s < sources.size(); s++) text += (s ? "+" : " ") + std::to_string(sources[s]);
        return text + " -> " + std::to_string(out) + " " + std::to_string(size.height) + "x" +
               std::to_string(size.width) + " " + name_of(activation) + (residual ? " + residual" : "");
    }
};

// Channel tails of the networks, odd and tiny extents, several sources, every activation.
const std::vector<Case> &cases() {
    static const std::vector<Case> all = {
        {Window::square(3, 1, 1), {14}, 14, {5, 7}, Activation::kRelu6},
        {Window::square(3, 1, 1), {28, 14, 46}, 78, {5, 7}, Activation::kRelu},
        {Window::square(3, 1, 1), {78}, 28, {33, 25}, Activation::kRelu6},
        {Window::square(3, 1, 1), {16}, 46, {1, 1}, Activation::kNone},
        {Window::square(3, 1, 1), {24}, 334, {5, 7}, Activation::kRelu6},
        {Window::square(3, 2, 1), {46, 14}, 28, {33, 25}, Activation::kRelu6},
        {Window::square(3, 2, 1), {8}, 78, {5, 7}, Activation::kNone},
        {Window{}, {334}, 46, {5, 7}, Activation::kRelu6},
        {Window{}, {14, 28, 46, 78}, 334, {1, 1}, Activation::kRelu},
        {Window{}, {78}, 14, {33, 25}, Activation::kRelu6},
        {Window::square(1, 2, 0), {28}, 28, {5, 7}, Activation::kNone},
        {Window::square(3, 1, 4, 4), {46, 14}, 28, {9, 7}, Activation::kRelu},
        {Window::square(3, 1, 6, 6), {24}, 46, {33, 25}, Activation::kRelu},
        {Window::square(3, 2, 1), {14}, 78, {5, 7}, Activation::kRelu, true},
        {Window{}, {78}, 46, {33, 25}, Activation::kRelu, true},
        {Window::square(7, 1, 3), {14}, 28, {9, 8}, Activation::kRelu},
        {{{1, 1, 1, 0, 0}, {7, 1, 1, 3, 3}}, {24, 14}, 32, {9, 8}, Activation::kNone},
        {{{5, 1, 2, 4, 4}, {1, 1, 1, 0, 0}}, {46}, 28, {33, 25}, Activation::kRelu},
        {{{2, 2, 1, 0, 1}, {4, 1, 3, 5, 4}}, {14}, 46, {9, 11}, Activation::kRelu6},
    };
    return all;
}

struct Problem {
    std::vector<Image> sources;
    std::vector<float> weight, bias;
    std::vector<Image> residual;  // one or none
    std::vector<double> expected;
};

Problem problem_of(const Case &c) {
    const Shape in = c.in();
    const std::vector<float> x = eighths(size_t(in.elements()), 1);
    Problem p;
    p.weight = eighths(size_t(c.out) * in.channels * c.window.taps(), 2);
    p.bias = eighths(size_t(c.out), 3);
    auto from = x.begin();
    for (int channels : c.sources) {
        const Shape shape{channels, in.height, in.width};
        const std::vector<float> plane(from, from + shape.elements());
        p.sources.push_back(Image::of(shape, plane, c.border()));
        from += shape.elements();
    }
    p.expected = reference::convolution({x.begin(), x.end()}, in, p.weight, p.bias, c.window);
    if (c.residual) {
        const std::vector<float> added = eighths(p.expected.size(), 4);
        reference::add(p.expected, {added.begin(), added.end()});
        p.residual.push_back(Image::of(c.shape_out(), added, 1));
    }
    reference::activate(p.expected, c.activation);
    return p;
}

ConvolutionSpec spec_of(const Case &c, const Problem &p, const ChannelPart &part, bool channels_outer) {
    const Image out(c.shape_out());
    ConvolutionSpec spec;
    for (const Image &s : p.sources) spec.sources.push_back({s.shape.channels, s.c8, s.row_stride()});
    spec.window = c.window;
    for (const Image &r : p.residual) spec.residual = {r.c8, r.row_stride()};
    spec.width = out.shape.width;
    spec.block = part.block;
    spec.pixels = part.extent;
    spec.lanes = part.lanes;
    spec.pixel_stride = out.c8;
    spec.row_stride = out.row_stride();
    spec.channels_outer = channels_outer;
    if (channels_outer) spec.passes = out.shape.height * spec.row_blocks();
    spec.activation = c.activation;
    return spec;
}

std::vector<ChannelPart> parts_of(const Machine &machine, const Case &c) {
    const Shape out = c.shape_out();
    return convolution_parts(machine, out.width, out.height, c.out, c.in().channels * c.window.taps());
}

// All parts in `pieces` calls each, along rows or along whole blocks of channels.
Image run(const Case &c, const Problem &p, const std::vector<ChannelPart> &parts,
          const hardnet_kernel *kernels, bool by_rows, int pieces) {
    Image out(c.shape_out());
    const int k = c.in().channels, taps = c.window.taps();
    const Memory bias = padded(p.bias, size_t(out.c8) + 512);
    for (size_t i = 0; i < parts.size(); i++) {
        const ChannelPart &part = parts[i];
        const Memory u = packed(p.weight, c.out, k, taps, part.first, part.channels, part.block);
        std::vector<Buffer> arguments;
        for (const Image &source : p.sources) arguments.push_back(source.with_border());
        arguments.push_back(Buffer(u.data(), {{0, part.block, 1},
                                              {0, k, part.block},
                                              {0, taps, part.block * k},
                                              {0, part.blocks(), part.block * k * taps}}));
        arguments.push_back(Buffer(bias.data() + part.first, {{0, part.padded(), 1}}));
        const int units = by_rows ? out.shape.height : part.blocks(), unit = by_rows ? 1 : part.block;
        for (int piece = 0; piece < pieces; piece++) {
            const int begin = units * piece / pieces, end = units * (piece + 1) / pieces;
            if (begin == end) continue;
            std::vector<Buffer> all = arguments;
            const auto share = [&](const Image &image) {
                return image.view(part.first, part.padded())
                    .cropped(by_rows ? 2 : 0, begin * unit, end * unit);
            };
            for (const Image &r : p.residual) all.push_back(share(r));
            all.push_back(share(out));
            call(kernels[i], all);
        }
    }
    return out;
}

TEST_P(Convolutions, DirectAnd1x1EqualTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    std::vector<KernelSpec> specs;
    std::vector<Problem> problems;
    for (const Case &c : cases()) {
        problems.push_back(problem_of(c));
        for (bool channels_outer : {false, true}) {
            for (const ChannelPart &part : parts_of(machine(), c)) {
                specs.push_back(spec_of(c, problems.back(), part, channels_outer));
            }
        }
    }
    const KernelLibrary library(specs, machine());
    std::vector<hardnet_kernel> kernels;
    for (size_t i = 0; i < specs.size(); i++) kernels.push_back(library[i]);
    const hardnet_kernel *next = kernels.data();
    for (size_t i = 0; i < cases().size(); i++) {
        const Case &c = cases()[i];
        SCOPED_TRACE(c.name());
        const std::vector<ChannelPart> parts = parts_of(machine(), c);
        for (bool channels_outer : {false, true}) {
            const Image whole = run(c, problems[i], parts, next, !channels_outer, 1);
            expect_image(whole, problems[i].expected);
            EXPECT_TRUE(run(c, problems[i], parts, next, true, 2).memory.same_bits(whole.memory))
                << "in two by rows";
            EXPECT_TRUE(run(c, problems[i], parts, next, false, 2).memory.same_bits(whole.memory))
                << "in two by blocks";
            next += parts.size();
        }
    }
}

}  // namespace
}  // namespace hardnet::testing
