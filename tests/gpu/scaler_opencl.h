// The scaler of scaler.h on the stand-in for OpenCL.
#pragma once
#include "opencl_stand_in.h"
#include "scaler.h"

namespace hardnet {

// The network's kernels, as its text has them. Parameters are buffers and offsets.
class OpenclScalerKernels : public opencl_stand_in::Kernels {
public:
    int build(const std::string &text, std::string *log) override;
    int parameters(const std::string &name) override;
    void launch(const std::string &name, const size_t global[3], const size_t local[3],
                const std::vector<opencl_stand_in::Parameter> &parameters) override;
    int build_result = 0;
    std::string log;
};

// A test on the stand-in's devices; behind it nothing of theirs is left, and nothing forbidden was done.
class OpenclTest : public testing::Test {
protected:
    OpenclTest();
    ~OpenclTest() override;
    hardnet_options options(const char *device) const { return scaler.options(device); }
    // What a run on this context gives for the usual image.
    static void expect_it_works(const Opened &opened);

    Scaler scaler{HARDNET_DEVICE_OPENCL};
    OpenclScalerKernels kernels;
    hardnet_host host = opencl_stand_in::host();
};

}  // namespace hardnet
