#include "scaler_opencl.h"

#include <map>

namespace hardnet {

int OpenclScalerKernels::build(const std::string &text, std::string *said) {
    *said = log;
    return build_result ? build_result : text == "module" ? 0 : -11;
}

int OpenclScalerKernels::parameters(const std::string &name) {
    static const std::map<std::string, int> kCounts = {{"normalize", 4}, {"scale", 6}, {"add", 4}};
    const auto found = kCounts.find(name);
    return found == kCounts.end() ? -1 : found->second;
}

// Of argument order[p], which is parameter p, and offset order[n + p] - n, which is parameter n + p: as scaler.cpp has them.
void OpenclScalerKernels::launch(const std::string &name, const size_t global[3], const size_t local[3],
                                 const std::vector<opencl_stand_in::Parameter> &p) {
    constexpr int kImageElems = 8;  // of the arena
    const size_t images = global[2] / local[2];
    const auto floats = [&](size_t memory, size_t offset) {
        return reinterpret_cast<float *>(p[memory].memory) + p[offset].number;
    };
    for (size_t image = 0; image < images; image++) {
        for (int i = 0; i < kScalerValues; i++) {
            const size_t dense = image * kScalerValues + size_t(i), mine = image * kImageElems + size_t(i);
            if (name == "normalize")
                floats(1, 2)[dense] =
                    float(reinterpret_cast<uint8_t *>(p[0].memory)[size_t(p[3].number) + dense]) / 4;
            if (name == "scale") floats(0, 5)[mine] = floats(1, 3)[dense] * floats(2, 4)[i];
            if (name == "add") floats(1, 2)[dense] = floats(0, 3)[mine] + 1;
        }
    }
}

OpenclTest::OpenclTest() {
    opencl_stand_in::reset();
    opencl_stand_in::use(&kernels);
}

OpenclTest::~OpenclTest() {
    EXPECT_EQ(opencl_stand_in::live(), 0);
    EXPECT_EQ(opencl_stand_in::violations(), std::vector<std::string>{});
}

void OpenclTest::expect_it_works(const Opened &opened) {
    ASSERT_EQ(opened.status, HARDNET_OK) << opened.error();
    set_input(opened, scaler_image());
    ASSERT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    EXPECT_EQ(get_output(opened), scaler_expected(scaler_image()));
}

}  // namespace hardnet
