// Softmax over channels on each machine.
#include <cmath>

#include "tests/generators/images.h"

namespace hardnet::testing {
namespace {

class SoftmaxKernel : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, SoftmaxKernel, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

// What lies in the padding of X is `padding`.
Image softmax_of(const Machine &machine, const Shape &shape, const std::vector<float> &values,
                 float padding) {
    Image x = Image::of(shape, values), out(shape, 1);
    for (int y = 0; y < shape.height; y++)
        for (int column = 0; column < shape.width; column++)
            for (int c = shape.channels; c < x.c8; c++) x.memory[x.at(c, column, y)] = padding;
    const SoftmaxSpec spec{shape.channels,           shape.width, x.c8,
                           x.row_stride(),           out.c8,      out.row_stride(),
                           machine.lanes_for(out.c8)};
    const KernelLibrary library({spec}, machine);
    for (int row = 0; row < shape.height; row++)
        call(library[0], {x.view(0, x.c8), out.view(0, out.c8).cropped(2, row, row + 1)});
    return out;
}

// In units of the value: an exponential's 2e-7, the sum's and the factor's roundings.
TEST_P(SoftmaxKernel, IsTheReferenceWhateverThePaddingHolds) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (const Shape &shape :
         {Shape{19, 5, 7}, Shape{2, 3, 3}, Shape{1000, 1, 1}, Shape{64, 2, 5}, Shape{1, 2, 2}}) {
        SCOPED_TRACE(shape.channels);
        std::vector<float> values = uniform(size_t(shape.elements()), 5);
        for (float &value : values) value = std::floor(value * 1280) / 64;  // differences are exact
        const std::vector<double> expected = reference::softmax({values.begin(), values.end()}, shape);
        for (float padding : {0.0f, 1e30f}) {
            const Image out = softmax_of(machine(), shape, values, padding);
            double most = 0;
            size_t i = 0;
            for (int c = 0; c < shape.channels; c++)
                for (int y = 0; y < shape.height; y++)
                    for (int x = 0; x < shape.width; x++, i++)
                        most =
                            std::max(most, std::abs(out.memory[out.at(c, x, y)] - expected[i]) / expected[i]);
            EXPECT_LE(most, 8e-7);
            for (int c = shape.channels; c < out.c8; c++) EXPECT_EQ(out.memory[out.at(c, 0, 0)], 0) << c;
            EXPECT_TRUE(out.memory.untouched(0)) << "beside the image";
        }
    }
}

// e^1000 and e^-1000 are no floats, their shares are.
TEST_P(SoftmaxKernel, HasNoExponentialsThatAreTooGreat) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    const Image out = softmax_of(machine(), {9, 1, 1}, {1000, 1000, -1000, -3e38f, 0, 1, 2, 3, -5}, 0);
    for (int c : {0, 1}) EXPECT_EQ(out.memory[out.at(c, 0, 0)], 0.5f) << c;
    for (int c = 2; c < 9; c++) EXPECT_LT(std::abs(out.memory[out.at(c, 0, 0)]), 1e-37f) << c;
}

}  // namespace
}  // namespace hardnet::testing
