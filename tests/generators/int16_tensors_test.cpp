// Operators whose tensors are int16 while their arithmetic is float32: they give what the float32 kernel makes of the same
// values, rounded.
#include "tests/generators/integers.h"

namespace hardnet::testing {
namespace {

class Int16Tensors : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Int16Tensors, ::testing::ValuesIn(int16_levels()),
                         [](const auto &level) { return level.param; });

constexpr Storage kX{1000, 7}, kY{700, 6};  // of values between -8 and 8; the output's greatest are held
constexpr int kChannels = 46;

// A tensor of random multiples of 2^-7, as float32 and as the int16 that stand for them.
struct Twin {
    Twin(const Shape &shape, int border, uint32_t seed)
        : image(Image::of(shape, values(shape, seed), border)), stored(image.memory.size()) {
        for (size_t i = 0; i < stored.size(); i++)
            stored[int64_t(i)] = int16_t(std::ldexp(image.memory[int64_t(i)], kX.exponent));
    }
    static std::vector<float> values(const Shape &shape, uint32_t seed) {
        std::vector<float> values;
        for (int v : integers(size_t(shape.elements()), kX.most, seed))
            values.push_back(std::ldexp(float(v), -kX.exponent));
        return values;
    }
    std::vector<hardnet_dim> dims() const {
        return {{0, image.c8, 1},
                {-image.border, image.columns, image.c8},
                {-image.border, image.rows, image.row_stride()}};
    }
    Buffer of(const Storage &storage) const {
        return storage ? Buffer(stored.data(), dims()) : Buffer(image.memory.data(), dims());
    }
    Image image;
    Int16Memory stored;
};

std::vector<hardnet_dim> dims_of(const Image &out) {
    return {{0, out.c8, 1}, {0, out.shape.width, out.c8}, {0, out.shape.height, out.row_stride()}};
}

// Runs `spec` as it is and without its storages, on the same values. `between` are the arguments between X and Y.
template <typename Spec>
void expect_rounded(const Machine &machine, Spec spec, const Twin &x, const Shape &shape,
                    const std::vector<Buffer> &between = {}) {
    const Image out_layout(shape);
    spec.pixel_stride = out_layout.c8;
    spec.row_stride = out_layout.row_stride();
    spec.lanes = machine.lanes_for(out_layout.c8);
    Spec plain = spec;
    plain.in_storage = plain.storage = {};
    SCOPED_TRACE(spec.key());
    const KernelLibrary library({spec, plain}, machine);
    const auto arguments = [&](const Storage &storage, const Buffer &y) {
        std::vector<Buffer> all{x.of(storage)};
        all.insert(all.end(), between.begin(), between.end());
        all.push_back(y);
        return all;
    };
    Image expected(shape), found(shape);
    Int16Memory stored(found.memory.size());
    call(library[1], arguments({}, Buffer(expected.memory.data(), dims_of(expected))));
    const Buffer y =
        spec.storage ? Buffer(stored.data(), dims_of(found)) : Buffer(found.memory.data(), dims_of(found));
    call(library[0], arguments(spec.in_storage, y));
    for (size_t i = 0; spec.storage && i < stored.size(); i++)
        if (!stored.untouched(int64_t(i))) found.memory[int64_t(i)] = stored[int64_t(i)];
    std::vector<double> values;
    for (int c = 0; c < shape.channels; c++) {
        for (int py = 0; py < shape.height; py++) {
            for (int px = 0; px < shape.width; px++) {
                const double value = expected.memory[expected.at(c, px, py)];
                values.push_back(spec.storage ? stored_value(value, spec.storage.most, spec.storage.exponent)
                                              : value);
            }
        }
    }
    expect_image(found, values);
}

// Every kind of input beside every kind of output.
template <typename Spec>
void expect_rounded_of_all(const Machine &machine, Spec spec, const Twin &x, const Shape &shape,
                           const std::vector<Buffer> &between = {}) {
    spec.in_pixel_stride = x.image.c8;
    spec.in_row_stride = x.image.row_stride();
    for (const Storage &in : {Storage{}, kX}) {
        for (const Storage &out : {Storage{}, kY, kX}) {
            if (!in && !out) continue;
            spec.in_storage = in;
            spec.storage = out;
            expect_rounded(machine, spec, x, shape, between);
        }
    }
}

TEST_P(Int16Tensors, OfPools) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (PoolKind kind : {PoolKind::kMax, PoolKind::kAverage}) {
        for (const Window &window : {Window::square(2, 2, 0), Window::square(3, 2, 1)}) {
            const Twin x({kChannels, 9, 12}, kind == PoolKind::kAverage, 81);
            PoolSpec spec;
            spec.kind = kind;
            spec.window = window;
            spec.in_height = 9;
            spec.in_width = 12;
            const Shape out = reference::window_output(x.image.shape, window, kChannels);
            spec.width = out.width;
            spec.height = out.height;
            expect_rounded_of_all(machine(), spec, x, out);
        }
    }
}

TEST_P(Int16Tensors, OfResizes) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (Neighbours neighbours : {Neighbours::kLinear, Neighbours::kFloor}) {
        const Twin x({kChannels, 5, 7}, 0, 82);
        const Shape out{kChannels, 9, 16};
        ResizeSpec spec;
        spec.in_height = 5;
        spec.in_width = 7;
        spec.height = out.height;
        spec.width = out.width;
        spec.sampling.neighbours = neighbours;
        expect_rounded_of_all(machine(), spec, x, out);
    }
}

TEST_P(Int16Tensors, OfDepthwiseConvolutions) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    constexpr int kTaps = 9;
    const Twin x({kChannels, 9, 11}, 1, 83);
    const Memory weights = padded(eighths(size_t(kTaps) * x.image.c8, 84), size_t(kTaps) * x.image.c8),
                 bias = padded(eighths(kChannels, 85), size_t(x.image.c8));
    DepthwiseSpec spec;
    spec.window = Window::square(3, 1, 1);
    spec.width = 11;
    spec.pixels = 4;
    spec.weight_stride = x.image.c8;
    spec.activation = Activation::kRelu;
    expect_rounded_of_all(machine(), spec, x, x.image.shape,
                          {Buffer(weights.data(), {{0, x.image.c8, 1}, {0, kTaps, x.image.c8}}),
                           Buffer(bias.data(), {{0, x.image.c8, 1}})});
}

TEST_P(Int16Tensors, OfGlobalPools) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Twin x({kChannels, 7, 5}, 0, 86);
    GlobalPoolSpec spec;
    spec.height = 7;
    spec.width = 5;
    spec.pixel_stride = x.image.c8;
    spec.row_stride = x.image.row_stride();
    spec.lanes = machine().lanes_for(x.image.c8);
    GlobalPoolSpec plain = spec;
    spec.in_storage = kX;
    const KernelLibrary library({spec, plain}, machine());
    Memory found(size_t(x.image.c8) + 16), expected(found.size());
    const std::vector<hardnet_dim> dims = {{0, x.image.c8, 1}};
    call(library[0], {x.of(kX), Buffer(found.data(), dims)});
    call(library[1], {x.of({}), Buffer(expected.data(), dims)});
    EXPECT_TRUE(found.same_bits(expected));
}

// What is added to a convolution's sums.
TEST_P(Int16Tensors, OfResiduals) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Twin x({kChannels, 5, 9}, 0, 87), added({kChannels, 5, 9}, 0, 88);
    const int c8 = x.image.c8;
    const ChannelPart part = convolution_parts(machine(), 9, 5, kChannels, kChannels)[0];
    ConvolutionSpec plain;
    plain.sources = {{kChannels, c8, x.image.row_stride()}};
    plain.width = 9;
    plain.block = part.block;
    plain.pixels = part.extent;
    plain.lanes = part.lanes;
    plain.pixel_stride = c8;
    plain.row_stride = x.image.row_stride();
    plain.residual = {c8, added.image.row_stride()};
    ConvolutionSpec spec = plain;
    spec.residual.storage = kX;
    const KernelLibrary library({spec, plain}, machine());
    const Memory u = packed(eighths(size_t(kChannels) * kChannels, 89), kChannels, kChannels, 1, 0,
                            part.channels, part.block),
                 bias = padded(eighths(kChannels, 90), size_t(part.padded()));
    Image found(x.image.shape), expected(x.image.shape);
    const auto run = [&](hardnet_kernel kernel, const Storage &storage, Image &out) {
        const Buffer r = added.of(storage);
        call(kernel,
             {Buffer(x.image.memory.data(), {{0, kChannels, 1}, {0, 9, c8}, {0, 5, x.image.row_stride()}}),
              Buffer(u.data(), {{0, part.block, 1},
                                {0, kChannels, part.block},
                                {0, 1, part.block * kChannels},
                                {0, part.blocks(), part.block * kChannels}}),
              Buffer(bias.data(), {{0, part.padded(), 1}}), r,
              Buffer(out.memory.data(), {{0, part.padded(), 1}, {0, 9, c8}, {0, 5, out.row_stride()}})});
    };
    run(library[0], kX, found);
    run(library[1], {}, expected);
    EXPECT_FALSE(found.memory.untouched(found.at(0, 0, 0)));
    EXPECT_TRUE(found.memory.same_bits(expected.memory));
}

}  // namespace
}  // namespace hardnet::testing
