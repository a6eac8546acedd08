// A network for a GPU and the CPU, small enough to check by hand, and its kernels on either:
//
//     (uint8: image = byte / 4)    sums = image * scale    out = sums + 1
// Two images of three values; behind each image's sums in the arena lies a place that nothing writes.
#pragma once
#include <gtest/gtest.h>

#include "../runtime/tiny_plan.h"
#include "stand_in.h"

namespace hardnet {

constexpr int kScalerImages = 2, kScalerValues = 3;

class Scaler : public TinyPlan {
public:
    explicit Scaler(hardnet_device_kind device = HARDNET_DEVICE_CUDA);
    hardnet_options options(const char *device) const;
    uint32_t sums;  // the view

private:
    std::string file_;
};

// What the network makes of `image`, all images of it.
std::vector<float> scaler_expected(const std::vector<float> &image);

// The network's kernels, as the driver's module has them.
class ScalerKernels : public stand_in::Kernels {
public:
    int load(const char *image) override;
    int parameters(const std::string &name) override;
    void launch(const std::string &name, const unsigned grid[3], const unsigned block[3],
                unsigned shared_bytes, void **parameters) override;
    int load_result = 0;
    int scale_ms = 0;  // that the kernel "scale" takes at least
};

std::vector<float> scaler_image();
void set_input(const Opened &opened, const std::vector<float> &values);
std::vector<float> get_output(const Opened &opened);
// That the view of the sums holds what gives this output, image by image.
void expect_sums(const Opened &opened, const Scaler &scaler, const std::vector<float> &output);

// A test on the stand-in's devices; behind it nothing of theirs is left, and nothing forbidden was done.
class CudaTest : public testing::Test {
protected:
    CudaTest();
    ~CudaTest() override;
    // The CPU of this process gives what it should.
    void expect_cpu_works();

    Scaler scaler;
    ScalerKernels kernels;
};

}  // namespace hardnet
