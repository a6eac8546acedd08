// Convolutions of int16 tensors, and others that store their output as int16: against the reference operators, with ==,
// since every sum, scale and bias is exact in float32.
#include "tests/generators/integers.h"

namespace hardnet::testing {
namespace {

class Int16Convolutions : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Int16Convolutions, ::testing::ValuesIn(int16_levels()),
                         [](const auto &level) { return level.param; });

struct Int16Case {
    Window window;
    std::vector<int> sources;
    int out;
    InputSize size;
    Activation activation;
    bool residual = false;
    Storage storage = {};

    Shape in() const { return {std::accumulate(sources.begin(), sources.end(), 0), size.height, size.width}; }
    Shape shape_out() const { return reference::window_output(in(), window, out); }
    int border() const { return std::max(window.x.before, window.y.before); }
};

constexpr Storage kStored{500, 4};

const std::vector<Int16Case> &int16_cases() {
    const Window plain = Window::square(3, 1, 1), strided = Window::square(3, 2, 1);
    static const std::vector<Int16Case> all = {
        {Window{}, {14, 7, 28}, 46, {5, 7}, Activation::kRelu6},
        {Window{}, {1}, 30, {3, 2}, Activation::kNone, false, {100, 4}},
        {Window{}, {334}, 78, {33, 9}, Activation::kRelu, true, kStored},
        {plain, {15, 8}, 28, {5, 7}, Activation::kNone, true},
        {plain, {46}, 78, {9, 25}, Activation::kRelu, false, kStored},
        {plain, {9}, 14, {1, 1}, Activation::kNone},
        {strided, {46, 15}, 28, {33, 25}, Activation::kRelu},
        {strided, {8, 1}, 78, {5, 7}, Activation::kRelu, true, kStored},
    };
    return all;
}

// A tensor as Image lays it out, of any integers in padded channels: U has zeros for them.
Int16Memory int16_image(const Image &layout, const std::vector<int> &planar) {
    Int16Memory memory(layout.memory.size());
    std::fill(memory.data(), memory.data() + memory.size(), int16_t{0});
    for (int y = 0; y < layout.shape.height; y++) {
        for (int x = 0; x < layout.shape.width; x++) {
            for (int c = 0; c < layout.c8; c++) {
                const size_t from = (size_t(c) * layout.shape.height + y) * layout.shape.width + x;
                memory[layout.at(c, x, y)] = int16_t(c < layout.shape.channels ? planar[from] : 12345);
            }
        }
    }
    return memory;
}

struct Int16Problem {
    std::vector<Image> layouts;
    std::vector<Int16Memory> sources;
    std::vector<int> weights;  // [o][i][tap]
    std::vector<float> scales, bias;
    std::vector<Image> residual;  // one or none
    std::vector<double> expected;
};

Int16Problem int16_problem(const Int16Case &c) {
    const Shape in = c.in();
    Int16Problem p;
    const std::vector<int> x = integers(size_t(in.elements()), 100, 61);
    p.weights = integers(size_t(c.out) * in.channels * c.window.taps(), 50, 62);
    p.bias = eighths(size_t(c.out), 63);
    auto from = x.begin();
    for (int channels : c.sources) {
        const Shape shape{channels, in.height, in.width};
        p.layouts.emplace_back(shape, c.border());
        p.sources.push_back(int16_image(p.layouts.back(), {from, from + shape.elements()}));
        from += shape.elements();
    }
    for (int o = 0; o < c.out; o++) p.scales.push_back(std::ldexp(1.0f, -9 - o % 3));
    const std::vector<float> zeros(size_t(c.out), 0.0f);
    p.expected = reference::convolution({x.begin(), x.end()}, in, {p.weights.begin(), p.weights.end()}, zeros,
                                        c.window);
    const size_t pixels = p.expected.size() / c.out;
    for (size_t i = 0; i < p.expected.size(); i++)
        p.expected[i] = p.expected[i] * p.scales[i / pixels] + p.bias[i / pixels];
    if (c.residual) {
        const std::vector<float> added = eighths(p.expected.size(), 64);
        reference::add(p.expected, {added.begin(), added.end()});
        p.residual.push_back(Image::of(c.shape_out(), added, 1));
    }
    reference::activate(p.expected, c.activation);
    if (c.storage) {
        for (double &value : p.expected) value = stored_value(value, c.storage.most, c.storage.exponent);
    }
    return p;
}

Blocks int16_parts(const Int16Case &c, const Machine &machine) {
    const Shape out = c.shape_out();
    return convolution_parts(machine, out.width, out.height, c.out,
                             steps_in<int16_t>(c.sources) * c.window.taps());
}

ConvolutionSpec int16_spec(const Int16Case &c, const ChannelPart &part, bool channels_outer) {
    const Image out(c.shape_out()), residual(c.shape_out(), 1);
    ConvolutionSpec spec;
    for (int channels : c.sources) {
        const Image source({channels, c.size.height, c.size.width}, c.border());
        spec.sources.push_back({channels, source.c8, source.row_stride()});
    }
    spec.window = c.window;
    if (c.residual) spec.residual = {residual.c8, residual.row_stride()};
    spec.width = out.shape.width;
    spec.block = part.block;
    spec.pixels = part.extent;
    spec.lanes = part.lanes;
    spec.pixel_stride = out.c8;
    spec.row_stride = out.row_stride();
    spec.channels_outer = channels_outer;
    if (channels_outer) spec.passes = out.shape.height * spec.row_blocks();
    spec.activation = c.activation;
    spec.products = Precision::kInt16;
    spec.storage = c.storage;
    return spec;
}

// Writes what one part computes to `out`, a layout or its int16 twin, in `pieces` calls.
void run_part(const Int16Case &c, const Int16Problem &p, const ChannelPart &part, hardnet_kernel kernel,
              bool by_rows, int pieces, const Image &layout, const Buffer &y) {
    const int taps = c.window.taps(), steps = steps_in<int16_t>(c.sources);
    const Int16Memory u = packed_steps<int16_t>(p.weights, taps, c.sources, part);
    std::vector<float> scales;  // the same for all taps
    for (float scale : p.scales) scales.insert(scales.end(), size_t(taps), scale);
    const Memory packed = packed_scales(scales, taps, part), bias = padded(p.bias, size_t(layout.c8) + 512);
    std::vector<Buffer> inputs;
    for (size_t s = 0; s < p.sources.size(); s++) {
        const Image &source = p.layouts[s];
        inputs.push_back(Buffer(p.sources[s].data(), {{0, round_up(source.shape.channels, 2), 1},
                                                      {-source.border, source.columns, source.c8},
                                                      {-source.border, source.rows, source.row_stride()}}));
    }
    inputs.push_back(steps_buffer(u, taps, steps, part));
    inputs.push_back(scales_buffer(packed, taps, part));
    inputs.push_back(Buffer(bias.data() + part.first, {{0, part.padded(), 1}}));
    const int units = by_rows ? layout.shape.height : part.blocks(), unit = by_rows ? 1 : part.block;
    for (int piece = 0; piece < pieces; piece++) {
        const int begin = units * piece / pieces * unit, end = units * (piece + 1) / pieces * unit;
        if (begin == end) continue;
        std::vector<Buffer> arguments = inputs;
        for (const Image &r : p.residual)
            arguments.push_back(r.view(part.first, part.padded()).cropped(by_rows ? 2 : 0, begin, end));
        arguments.push_back(y.cropped(by_rows ? 2 : 0, begin, end));
        call(kernel, arguments);
    }
}

// The output as floats, whatever it is stored as; the pattern where nothing was written.
Image run_int16(const Int16Case &c, const Int16Problem &p, const Blocks &parts, const hardnet_kernel *kernels,
                bool by_rows, int pieces) {
    Image out(c.shape_out());
    Int16Memory stored(out.memory.size());
    for (const ChannelPart &part : parts) {
        const std::vector<hardnet_dim> dims = {
            {0, part.padded(), 1}, {0, out.shape.width, out.c8}, {0, out.shape.height, out.row_stride()}};
        const int64_t at = out.at(part.first, 0, 0);
        run_part(c, p, part, *kernels++, by_rows, pieces, out,
                 c.storage ? Buffer(stored.data() + at, dims) : Buffer(out.memory.data() + at, dims));
    }
    for (size_t i = 0; c.storage && i < stored.size(); i++) {
        if (!stored.untouched(int64_t(i))) out.memory[int64_t(i)] = stored[int64_t(i)];
    }
    return out;
}

TEST_P(Int16Convolutions, DirectAnd1x1EqualTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    std::vector<KernelSpec> specs;
    for (const Int16Case &c : int16_cases()) {
        for (bool channels_outer : {false, true}) {
            for (const ChannelPart &part : int16_parts(c, machine()))
                specs.push_back(int16_spec(c, part, channels_outer));
        }
    }
    const KernelLibrary library(specs, machine());
    std::vector<hardnet_kernel> kernels;
    for (size_t i = 0; i < specs.size(); i++) kernels.push_back(library[i]);
    const hardnet_kernel *next = kernels.data();
    for (const Int16Case &c : int16_cases()) {
        const Blocks parts = int16_parts(c, machine());
        const Int16Problem p = int16_problem(c);
        for (bool channels_outer : {false, true}) {
            SCOPED_TRACE(key(int16_spec(c, parts[0], channels_outer)));
            const Image whole = run_int16(c, p, parts, next, !channels_outer, 1);
            expect_image(whole, p.expected);
            EXPECT_TRUE(run_int16(c, p, parts, next, true, 2).memory.same_bits(whole.memory))
                << "in two by rows";
            EXPECT_TRUE(run_int16(c, p, parts, next, false, 2).memory.same_bits(whole.memory))
                << "in two by blocks";
            next += parts.size();
        }
        if (!c.storage) continue;
        const auto held = std::count_if(p.expected.begin(), p.expected.end(),
                                        [&](double value) { return std::abs(value) == c.storage.most; });
        EXPECT_GT(held, 0) << "the test's data";
        EXPECT_LT(held, int64_t(p.expected.size())) << "the test's data";
    }
}

TEST_P(Int16Convolutions, DepthwiseStoresTheReference) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    constexpr int kChannels = 46, kTaps = 9;
    const Shape in{kChannels, 9, 11};
    const Image source = Image::of(in, eighths(size_t(in.elements()), 71), 1), out(in);
    DepthwiseSpec spec;
    spec.window = Window::square(3, 1, 1);
    spec.width = in.width;
    spec.pixels = 4;
    spec.lanes = machine().lanes_for(out.c8);
    spec.weight_stride = out.c8;
    spec.in_pixel_stride = source.c8;
    spec.in_row_stride = source.row_stride();
    spec.pixel_stride = out.c8;
    spec.row_stride = out.row_stride();
    spec.storage = {60, 5};  // multiples of 1/64: half of them are ties
    const KernelLibrary library({spec}, machine());
    const std::vector<float> x = eighths(size_t(in.elements()), 71), weight = eighths(kChannels * kTaps, 72),
                             bias = eighths(kChannels, 73);
    std::vector<double> expected =
        reference::depthwise_convolution({x.begin(), x.end()}, in, weight, bias, spec.window);
    int64_t held = 0;
    for (double &value : expected) {
        value = stored_value(value, spec.storage.most, spec.storage.exponent);
        held += std::abs(value) == spec.storage.most;
    }
    EXPECT_GT(held, 0) << "the test's data";
    EXPECT_LT(held, int64_t(expected.size()) / 2) << "the test's data";
    Memory u(size_t(kTaps) * out.c8);
    for (int k = 0; k < kTaps * out.c8; k++)
        u[k] = k % out.c8 < kChannels ? weight[size_t(k % out.c8) * kTaps + k / out.c8] : 0.0f;
    const Memory padded_bias = padded(bias, size_t(out.c8));
    Int16Memory stored(out.memory.size());
    call(
        library[0],
        {Buffer(source.memory.data(),
                {{0, source.c8, 1}, {-1, source.columns, source.c8}, {-1, source.rows, source.row_stride()}}),
         Buffer(u.data(), {{0, out.c8, 1}, {0, kTaps, out.c8}}), Buffer(padded_bias.data(), {{0, out.c8, 1}}),
         Buffer(stored.data(), {{0, out.c8, 1}, {0, in.width, out.c8}, {0, in.height, out.row_stride()}})});
    Image found(in);
    for (size_t i = 0; i < stored.size(); i++) {
        if (!stored.untouched(int64_t(i))) found.memory[int64_t(i)] = stored[int64_t(i)];
    }
    expect_image(found, expected);
}

}  // namespace
}  // namespace hardnet::testing
