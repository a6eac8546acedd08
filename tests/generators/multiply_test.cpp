// The product of two tensors of one shape, on each machine, exact.
#include "tests/generators/images.h"

namespace hardnet::testing {
namespace {

class MultiplyKernel : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, MultiplyKernel, ::testing::ValuesIn(machine_levels()),
                         [](const auto &level) { return level.param; });

TEST_P(MultiplyKernel, MultipliesElementByElementAndTouchesNothingElse) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (const Shape &shape : {Shape{46, 5, 7}, Shape{8, 3, 1}, Shape{64, 4, 4}}) {
        for (Activation activation : {Activation::kNone, Activation::kRelu}) {
            const std::vector<float> a = eighths(size_t(shape.elements()), 1),
                                     b = eighths(size_t(shape.elements()), 2);
            // Their rows lie apart differently.
            const Image x = Image::of(shape, a), f = Image::of(shape, b, 2);
            Image out(shape, 1);
            MultiplySpec spec;
            spec.width = shape.width;
            spec.lanes = machine().lanes_for(out.c8);
            spec.activation = activation;
            spec.in_pixel_stride = x.c8, spec.in_row_stride = x.row_stride();
            spec.factor_pixel_stride = f.c8, spec.factor_row_stride = f.row_stride();
            spec.pixel_stride = out.c8, spec.row_stride = out.row_stride();
            SCOPED_TRACE(spec.key());
            const KernelLibrary library({spec}, machine());
            for (int row = 0; row < shape.height; row++)  // a call for each
                call(library[0],
                     {x.view(0, x.c8), f.view(0, f.c8), out.view(0, out.c8).cropped(2, row, row + 1)});

            std::vector<double> expected;
            for (size_t i = 0; i < a.size(); i++) {
                const double product = double(a[i]) * double(b[i]);
                expected.push_back(activation == Activation::kRelu ? std::max(product, 0.0) : product);
            }
            expect_image(out, expected);
        }
    }
}

}  // namespace
}  // namespace hardnet::testing
