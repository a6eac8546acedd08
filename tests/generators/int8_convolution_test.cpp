// Convolutions of int8 against sums in 64 bits, with ==: sources of both types side by side, at the packing's bound, and
// outputs of every type.
#include "tests/generators/integers.h"

namespace hardnet::testing {
namespace {

class Int8Convolutions : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Int8Convolutions, ::testing::ValuesIn(int8_levels()),
                         [](const auto &level) { return level.param; });

constexpr int kShift = 128;  // that x86 adds to elements of int8

struct Int8Case {
    Window window;
    std::vector<int> sources;  // every other one is of int8, the first where `positive` is not
    int out;
    InputSize size;
    bool positive = true;
    bool extreme = false;  // all magnitudes are the greatest
    Storage storage = {};

    int in() const { return std::accumulate(sources.begin(), sources.end(), 0); }
    Shape shape_out() const { return reference::window_output({in(), size.height, size.width}, window, out); }
    int border() const { return std::max(window.x.before, window.y.before); }
    IntegerType type(size_t source, const Machine &machine) const {
        return (source % 2 == 0) == positive ? *machine.dot_factor : IntegerType::kInt8;
    }
    bool shifted(const Machine &machine) const {
        for (size_t s = 0; s < sources.size(); s++)
            if (machine.dot_factor == IntegerType::kUint8 && type(s, machine) == IntegerType::kInt8)
                return true;
        return false;
    }
};

const std::vector<Int8Case> &int8_cases() {
    const Window plain = Window::square(3, 1, 1), strided = Window::square(3, 2, 1);
    constexpr Storage kUnsigned{200, -10, IntegerType::kUint8, 0.75f},
        kSigned{100, -9, IntegerType::kInt8, 1};
    static const std::vector<Int8Case> all = {
        {Window{}, {14, 7, 28}, 46, {5, 7}},
        {Window{}, {1}, 30, {3, 2}, false, false, kSigned},
        {Window{}, {334}, 78, {17, 9}, true, false, kUnsigned},
        {Window{}, {5, 46}, 28, {3, 9}, false, true},
        {Window{}, {334, 78}, 14, {2, 3}, true, true},
        {plain, {15, 8}, 28, {5, 7}},
        {plain, {46, 3}, 78, {9, 25}, true, false, kUnsigned},
        {plain, {9}, 14, {1, 1}, false},
        {plain, {123}, 14, {4, 4}, false, true},
        {strided, {46, 15}, 28, {17, 13}, true, false, kSigned},
    };
    return all;
}

// Bytes of a source as Image lays it out, halo of zeros, any integers in padded channels; and what they are.
struct Int8Source {
    Image layout;
    Int8Memory signed_bytes;
    MemoryOf<uint8_t> unsigned_bytes;
    IntegerType type;

    int at(int c, int x, int y) const {
        const int64_t i = layout.at(c, x, y);
        return type == IntegerType::kUint8 ? unsigned_bytes[i] : signed_bytes[i];
    }
    Buffer buffer() const {
        const std::vector<hardnet_dim> dims = {{0, round_up(layout.shape.channels, 4), 1},
                                               {-layout.border, layout.columns, layout.c8},
                                               {-layout.border, layout.rows, layout.row_stride()}};
        return type == IntegerType::kUint8 ? Buffer(unsigned_bytes.data(), dims)
                                           : Buffer(signed_bytes.data(), dims);
    }
};

Int8Source int8_source(const Int8Case &c, size_t number, IntegerType type) {
    const Shape shape{c.sources[number], c.size.height, c.size.width};
    Image layout(shape, c.border());
    const size_t size = layout.memory.size();
    Int8Source source{std::move(layout), Int8Memory(size), MemoryOf<uint8_t>(size), type};
    std::fill_n(source.signed_bytes.data(), size, int8_t{0});
    std::fill_n(source.unsigned_bytes.data(), size, uint8_t{0});
    std::vector<int> values = integers(size, 127, uint32_t(81 + number));
    for (int &v : values)
        if (c.extreme) v = v < 0 ? -127 : 127;
    auto next = values.begin();
    for (int y = 0; y < shape.height; y++) {
        for (int x = 0; x < shape.width; x++) {
            for (int k = 0; k < source.layout.c8; k++) {
                const int64_t i = source.layout.at(k, x, y);
                source.signed_bytes[i] = int8_t(*next);
                source.unsigned_bytes[i] = uint8_t(*next++ + kShift);  // up to 255
            }
        }
    }
    return source;
}

struct Int8Problem {
    std::vector<Int8Source> sources;
    std::vector<int> weights;  // [o][i][tap]
    std::vector<float> scales, bias;
    std::vector<int32_t> offsets;
    std::vector<double> expected;  // CHW
};

int64_t sum_at(const Int8Case &c, const Int8Problem &p, int o, int x, int y) {
    const int taps = c.window.taps();
    int64_t sum = 0;
    int i = 0;
    for (const Int8Source &source : p.sources) {
        for (int k = 0; k < source.layout.shape.channels; k++, i++) {
            for (int tap = 0; tap < taps; tap++) {
                const WindowAxis &wx = c.window.x, &wy = c.window.y;
                const int in_x = wx.stride * x + tap % wx.kernel - wx.before,
                          in_y = wy.stride * y + tap / wx.kernel - wy.before;
                if (in_x < 0 || in_x >= c.size.width || in_y < 0 || in_y >= c.size.height) continue;
                sum += int64_t{source.at(k, in_x, in_y)} * p.weights[(size_t(o) * c.in() + i) * taps + tap];
            }
        }
    }
    return sum;
}

Int8Problem int8_problem(const Int8Case &c, const Machine &machine) {
    const int taps = c.window.taps();
    Int8Problem p;
    for (size_t s = 0; s < c.sources.size(); s++) p.sources.push_back(int8_source(c, s, c.type(s, machine)));
    p.weights = integers(size_t(c.out) * c.in() * taps, 127, 91);
    if (c.extreme)
        for (int &w : p.weights) w = w < 0 ? -127 : 127;
    p.bias = eighths(size_t(c.out), 92);
    for (int o = 0; o < c.out; o++) {
        p.scales.push_back(std::ldexp(1.0f, o % 3));
        int32_t offset = 0;
        int i = 0;
        for (const Int8Source &source : p.sources) {
            const bool shifted =
                machine.dot_factor == IntegerType::kUint8 && source.type == IntegerType::kInt8;
            const int n = source.layout.shape.channels * taps;
            for (int k = 0; k < n && shifted; k++)
                offset -= kShift * p.weights[size_t(o) * c.in() * taps + size_t(i + k)];
            i += n;
        }
        p.offsets.push_back(offset);
    }
    const Shape out = c.shape_out();
    for (int o = 0; o < c.out; o++) {
        for (int y = 0; y < out.height; y++) {
            for (int x = 0; x < out.width; x++) {
                const int64_t sum = sum_at(c, p, o, x, y);
                EXPECT_LT(std::abs(sum), 1 << 24) << "the test's data: exact as float32";
                const double value = double(sum) * p.scales[size_t(o)] + p.bias[size_t(o)];
                p.expected.push_back(!c.storage ? double(float(value))
                                                : std::nearbyint(std::clamp(
                                                      double(float(value) * float(1 / c.storage.unit())),
                                                      double(c.storage.least()), double(c.storage.most))));
            }
        }
    }
    return p;
}

Blocks int8_parts(const Int8Case &c, const Machine &machine) {
    const Shape out = c.shape_out();
    return convolution_parts(machine, out.width, out.height, c.out,
                             steps_in<int8_t>(c.sources) * c.window.taps());
}

ConvolutionSpec int8_spec(const Int8Case &c, const ChannelPart &part, const Machine &machine) {
    const Image out(c.shape_out());
    ConvolutionSpec spec;
    for (size_t s = 0; s < c.sources.size(); s++) {
        const Image source({c.sources[s], c.size.height, c.size.width}, c.border());
        spec.sources.push_back({c.sources[s], source.c8, source.row_stride(), c.type(s, machine)});
    }
    spec.window = c.window;
    spec.width = out.shape.width;
    spec.block = part.block;
    spec.pixels = part.extent;
    spec.lanes = part.lanes;
    spec.pixel_stride = out.c8;
    spec.row_stride = out.row_stride();
    spec.products = Precision::kInt8;
    spec.shifted = c.shifted(machine);
    spec.storage = c.storage;
    return spec;
}

template <typename T>
void run_part(const Int8Case &c, const Int8Problem &p, const ChannelPart &part, hardnet_kernel kernel,
              bool shifted, int pieces, const Image &layout, MemoryOf<T> &y) {
    const int taps = c.window.taps(), steps = steps_in<int8_t>(c.sources);
    const Int8Memory u = packed_steps<int8_t>(p.weights, taps, c.sources, part);
    std::vector<float> scales;  // the same for all taps
    for (float scale : p.scales) scales.insert(scales.end(), size_t(taps), scale);
    std::vector<int32_t> offsets;
    for (int32_t offset : p.offsets) offsets.insert(offsets.end(), size_t(taps), offset);
    const Memory packed = packed_scales(scales, taps, part), bias = padded(p.bias, size_t(layout.c8) + 512);
    const MemoryOf<int32_t> begins = packed_scales(offsets, taps, part);
    std::vector<Buffer> inputs;
    for (const Int8Source &source : p.sources) inputs.push_back(source.buffer());
    inputs.push_back(steps_buffer(u, taps, steps, part));
    inputs.push_back(scales_buffer(packed, taps, part));
    if (shifted) inputs.push_back(scales_buffer(begins, taps, part));
    inputs.push_back(Buffer(bias.data() + part.first, {{0, part.padded(), 1}}));
    const Buffer out(y.data() + layout.at(part.first, 0, 0), {{0, part.padded(), 1},
                                                              {0, layout.shape.width, layout.c8},
                                                              {0, layout.shape.height, layout.row_stride()}});
    for (int piece = 0; piece < pieces; piece++) {
        const int rows = layout.shape.height, begin = rows * piece / pieces,
                  end = rows * (piece + 1) / pieces;
        if (begin == end) continue;
        std::vector<Buffer> arguments = inputs;
        arguments.push_back(out.cropped(2, begin, end));
        call(kernel, arguments);
    }
}

// The output as floats; the pattern where nothing was written.
template <typename T>
Image run_int8(const Int8Case &c, const Int8Problem &p, const Blocks &parts, const hardnet_kernel *kernels,
               bool shifted, int pieces) {
    Image out(c.shape_out());
    MemoryOf<T> stored(out.memory.size());
    for (const ChannelPart &part : parts) run_part(c, p, part, *kernels++, shifted, pieces, out, stored);
    for (size_t i = 0; i < stored.size(); i++) {
        if (!stored.untouched(int64_t(i))) out.memory[int64_t(i)] = float(stored[int64_t(i)]);
    }
    return out;
}

Image run_int8(const Int8Case &c, const Int8Problem &p, const Blocks &parts, const hardnet_kernel *kernels,
               bool shifted, int pieces) {
    if (!c.storage) return run_int8<float>(c, p, parts, kernels, shifted, pieces);
    return c.storage.type == IntegerType::kUint8 ? run_int8<uint8_t>(c, p, parts, kernels, shifted, pieces)
                                                 : run_int8<int8_t>(c, p, parts, kernels, shifted, pieces);
}

TEST_P(Int8Convolutions, EqualSumsOf64BitsTimesTheScale) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    std::vector<KernelSpec> specs;
    for (const Int8Case &c : int8_cases()) {
        for (const ChannelPart &part : int8_parts(c, machine()))
            specs.push_back(int8_spec(c, part, machine()));
    }
    const KernelLibrary library(specs, machine());
    std::vector<hardnet_kernel> kernels;
    for (size_t i = 0; i < specs.size(); i++) kernels.push_back(library[i]);
    const hardnet_kernel *next = kernels.data();
    for (const Int8Case &c : int8_cases()) {
        const Blocks parts = int8_parts(c, machine());
        SCOPED_TRACE(key(int8_spec(c, parts[0], machine())));
        const Int8Problem p = int8_problem(c, machine());
        const bool shifted = c.shifted(machine());
        const Image whole = run_int8(c, p, parts, next, shifted, 1);
        expect_image(whole, p.expected);
        EXPECT_TRUE(run_int8(c, p, parts, next, shifted, 2).memory.same_bits(whole.memory))
            << "in two by rows";
        next += parts.size();
    }
}

}  // namespace
}  // namespace hardnet::testing
