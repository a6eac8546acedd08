// What works on each element alone, on each machine: exact but for activations with an exponential.
#include "tests/generators/images.h"

namespace hardnet::testing {
namespace {

class CombineKernel : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, CombineKernel, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

CombineSpec spec_of(const Image &x, const Image &out, const Machine &machine) {
    CombineSpec spec;
    spec.width = out.shape.width;
    spec.lanes = machine.lanes_for(out.c8);
    spec.in_pixel_stride = x.c8, spec.in_row_stride = x.row_stride();
    spec.pixel_stride = out.c8, spec.row_stride = out.row_stride();
    return spec;
}

void call_row_by_row(const CombineSpec &spec, const Machine &machine, const std::vector<Buffer> &inputs,
                     const Image &out) {
    const KernelLibrary library({spec}, machine);
    for (int row = 0; row < out.shape.height; row++) {
        std::vector<Buffer> arguments = inputs;
        arguments.push_back(out.view(0, out.c8).cropped(2, row, row + 1));
        call(library[0], arguments);
    }
}

double combined(Combination by, double a, double b) {
    switch (by) {
        case Combination::kNone:
            return a;
        case Combination::kProduct:
            return a * b;
        case Combination::kSum:
            return a + b;
        case Combination::kDifference:
            return a - b;
        case Combination::kSlope:
            return a < 0 ? a * b : a;
        case Combination::kQuotient:
            return a / b;
    }
    return 0;
}

TEST_P(CombineKernel, CombinesElementByElementAndTouchesNothingElse) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Activation activations[] = {{}, Activation::kRelu, {Activation::kClip, -0.5f, 0.25f}};
    int number = 0;
    for (const Shape &shape : {Shape{46, 5, 7}, Shape{8, 3, 1}, Shape{64, 4, 4}}) {
        for (Combination by : {Combination::kProduct, Combination::kSum, Combination::kDifference}) {
            const std::vector<float> a = eighths(size_t(shape.elements()), 1),
                                     b = eighths(size_t(shape.elements()), 2);
            // Their rows lie apart differently.
            const Image x = Image::of(shape, a), f = Image::of(shape, b, 2);
            Image out(shape, 1);
            CombineSpec spec = spec_of(x, out, machine());
            spec.combination = by;
            spec.activation = activations[number++ % 3];
            spec.operand_pixel_stride = f.c8, spec.operand_row_stride = f.row_stride();
            SCOPED_TRACE(spec.key());
            call_row_by_row(spec, machine(), {x.view(0, x.c8), f.view(0, f.c8)}, out);
            std::vector<double> expected;
            for (size_t i = 0; i < a.size(); i++)
                expected.push_back(reference::activated(combined(by, a[i], b[i]), spec.activation));
            expect_image(out, expected);
        }
    }
}

TEST_P(CombineKernel, CombinesWithAValuePerChannel) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Shape shape{46, 3, 5};
    for (Combination by : {Combination::kProduct, Combination::kSum, Combination::kSlope}) {
        const std::vector<float> a = eighths(size_t(shape.elements()), 1), b = eighths(46, 2);
        const Image x = Image::of(shape, a);
        const Memory f = padded(b, size_t(x.c8));
        Image out(shape, 1);
        CombineSpec spec = spec_of(x, out, machine());
        spec.combination = by;
        SCOPED_TRACE(spec.key());
        call_row_by_row(spec, machine(), {x.view(0, x.c8), Buffer(f.data(), {{0, x.c8, 1}})}, out);
        std::vector<double> expected;
        for (size_t i = 0; i < a.size(); i++) expected.push_back(combined(by, a[i], b[i / 15]));
        expect_image(out, expected);
    }
}

// Exact by powers of two. In the padding 0 is divided by 0.
TEST_P(CombineKernel, DividesImagesAndLeavesZerosBehindTheirChannels) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const float powers[] = {-2, 0.25f, 4, -0.5f, 1};
    for (const Shape &shape : {Shape{46, 5, 7}, Shape{8, 3, 1}, Shape{17, 1, 1}}) {
        const std::vector<float> a = eighths(size_t(shape.elements()), 1);
        std::vector<float> b;
        std::vector<double> expected;
        for (size_t i = 0; i < a.size(); i++) {
            b.push_back(powers[i % 5]);
            expected.push_back(std::max(a[i] / b[i], 0.0f));
        }
        const Image x = Image::of(shape, a), f = Image::of(shape, b, 1);
        Image out(shape, 1);
        CombineSpec spec = spec_of(x, out, machine());
        spec.combination = Combination::kQuotient;
        spec.activation = Activation::kRelu;
        spec.operand_pixel_stride = f.c8, spec.operand_row_stride = f.row_stride();
        spec.channels = shape.channels;
        SCOPED_TRACE(spec.key());
        call_row_by_row(spec, machine(), {x.view(0, x.c8), f.view(0, f.c8)}, out);
        expect_image(out, expected);
        for (int c = shape.channels; c < out.c8; c++) EXPECT_EQ(out.memory[out.at(c, 0, 0)], 0) << c;
    }
}

TEST_P(CombineKernel, CombinesWithAValuePerPixel) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Shape shape{46, 3, 5}, one{1, 3, 5};
    for (Combination by : {Combination::kProduct, Combination::kDifference}) {
        const std::vector<float> a = eighths(size_t(shape.elements()), 1), b = eighths(15, 2);
        const Image x = Image::of(shape, a), f = Image::of(one, b);
        Image out(shape, 1);
        CombineSpec spec = spec_of(x, out, machine());
        spec.combination = by;
        spec.per_pixel = true;
        spec.operand_pixel_stride = f.c8, spec.operand_row_stride = f.row_stride();
        SCOPED_TRACE(spec.key());
        call_row_by_row(spec, machine(), {x.view(0, x.c8), f.view(0, 1)}, out);
        std::vector<double> expected;
        for (size_t i = 0; i < a.size(); i++) expected.push_back(combined(by, a[i], b[i % 15]));
        expect_image(out, expected);
    }
}

TEST_P(CombineKernel, ActivatesExactlyWhereArithmeticIs) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    constexpr float kMost = std::numeric_limits<float>::max();
    const Shape shape{16, 2, 5};
    std::vector<float> a = eighths(size_t(shape.elements()), 3);
    for (float &value : a) value *= 8;  // whole numbers from -8 to 8
    const Image x = Image::of(shape, a);
    for (Activation activation : {Activation(Activation::kRelu6),
                                  {Activation::kClip, -2, 5},
                                  {Activation::kClip, -kMost, 5},
                                  {Activation::kClip, 1, kMost},
                                  {Activation::kLeakyRelu, 0.25f},
                                  {Activation::kHardSigmoid, 0.125f, 0.5f}}) {
        Image out(shape);
        CombineSpec spec = spec_of(x, out, machine());
        spec.activation = activation;
        SCOPED_TRACE(spec.key());
        call_row_by_row(spec, machine(), {x.view(0, x.c8)}, out);
        std::vector<double> expected;
        for (float value : a) expected.push_back(reference::activated<double>(value, activation));
        expect_image(out, expected);
    }
}

// In units of the value: an exponential's 2e-7 and two roundings. Down to e^-87; below, results are next to 0.
TEST_P(CombineKernel, ActivatesWithinAFewRoundings) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Shape shape{8, 200, 41};
    std::vector<float> a = uniform(size_t(shape.elements()), 4);
    for (size_t i = 0; i < a.size(); i++) a[i] *= i % 3 ? 10 : 86.9f;
    a[0] = 0, a[1] = 1000, a[2] = 88.7f;
    const Image x = Image::of(shape, a);
    for (Activation::Kind kind : {Activation::kSigmoid, Activation::kSilu, Activation::kHardSwish}) {
        Image out(shape);
        CombineSpec spec = spec_of(x, out, machine());
        spec.activation = kind;
        call_row_by_row(spec, machine(), {x.view(0, x.c8)}, out);
        double most = 0;
        for (int c = 0; c < shape.channels; c++)
            for (int y = 0; y < shape.height; y++)
                for (int column = 0; column < shape.width; column++) {
                    const double from = a[(size_t(c) * 200 + size_t(y)) * 41 + size_t(column)],
                                 expected = reference::activated(from, kind),
                                 found = out.memory[out.at(c, column, y)];
                    const bool near_hard_zero = kind == Activation::kHardSwish && from < -2;
                    const double scale = near_hard_zero ? 3 : std::abs(expected);
                    most = std::max(most, expected == found ? 0 : std::abs(found - expected) / scale);
                }
        EXPECT_LE(most, 3e-7) << spec.key();
    }
}

// Beyond all exponentials sigmoids are 0 and 1, and nothing becomes a NaN.
TEST_P(CombineKernel, SigmoidsEndAtZeroAndOne) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    constexpr float kFar = 3e38f;
    const Shape shape{8, 1, 1};
    const Image x = Image::of(shape, {kFar, 1e5f, 88, -88, -200, -1e5f, -kFar, 0});
    Image out(shape);
    CombineSpec spec = spec_of(x, out, machine());
    spec.activation = Activation::kSigmoid;
    call_row_by_row(spec, machine(), {x.view(0, 8)}, out);
    for (int c : {0, 1, 2}) EXPECT_EQ(out.memory[c], 1);
    for (int c : {3, 4, 5, 6}) EXPECT_TRUE(out.memory[c] >= 0 && out.memory[c] < 1e-37f) << out.memory[c];
    EXPECT_EQ(out.memory[7], 0.5f);
}

}  // namespace
}  // namespace hardnet::testing
