// Networks compiled for GPUs: every kernel interpreted and compared with the reference operators, every word that a launch writes
// accounted for.
#include <gtest/gtest.h>

#include "tests/gpu/gpu_network.h"

namespace hardnet::testing {
namespace {

class CudaKernels : public ::testing::TestWithParam<PackageRequest> {};

TEST_P(CudaKernels, AreNearTheReferenceAndWriteEveryWordOnce) {
    const GpuNetwork network = check_on_gpu(GetParam());
    for (const std::string &fault : network.faults) ADD_FAILURE() << fault;
    EXPECT_GT(network.layers, 0u);
    EXPECT_GE(network.launches, network.kernels.size());
    for (const GpuKernelRow &row : network.kernels) {
        EXPECT_GT(row.instructions, 0u) << row.layer;
        EXPECT_GT(row.bytes_written, 0u) << row.layer;
    }
}

PackageRequest request(const std::string &record, InputSize size, int batch = 1) {
    return {record, size, batch, "seed:1", "cuda"};
}

std::string name_of(const ::testing::TestParamInfo<PackageRequest> &info) {
    std::string name = label(info.param);
    name = name.substr(name.find_last_of('/', name.find_last_of('/') - 1) + 1);
    for (char &c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    }
    return name + "_" + std::to_string(info.param.batch);
}

// Small inputs: what a kernel's shape is besides them, channels, sources, windows, activations, is the network's own.
INSTANTIATE_TEST_SUITE_P(Networks, CudaKernels,
                         ::testing::Values(request(HARDNET_SOURCE "/models/digits.json", {8, 8}),
                                           request("hardnet39ds", {40, 72}, 2),
                                           request("hardnet68", {64, 48}), request("fchardnet70", {64, 96}),
                                           request(HARDNET_SOURCE "/models/shapes_detector.json", {72, 104})),
                         name_of);

}  // namespace
}  // namespace hardnet::testing
