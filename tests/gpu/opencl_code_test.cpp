// What compilers make of a level's OpenCL C, without a device: clang takes it as OpenCL C 1.2 without a warning, and for an AMD
// GPU it keeps sums in registers, multiplies and adds in one instruction and loads 16 bytes at once.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "tests/networks/package.h"

namespace hardnet::testing {
namespace {

// OpenCL's functions as clang's own, since AMD's library of them is not at hand.
constexpr char kBuiltins[] = R"cl(
#define pick(d, f) ((d) == 0 ? f##_x() : (d) == 1 ? f##_y() : f##_z())
#define get_group_id(d) pick(d, __builtin_amdgcn_workgroup_id)
#define get_local_id(d) pick(d, __builtin_amdgcn_workitem_id)
#define barrier(flags) __builtin_amdgcn_s_barrier()
#define min(a, b) __builtin_elementwise_min(a, b)
#define max(a, b) __builtin_elementwise_max(a, b)
#define as_float(x) __builtin_bit_cast(float, x)
typedef float4 anywhere __attribute__((aligned(4)));
#define vload4(offset, from) (*(const __global anywhere *)(from))
#define vstore4(value, offset, to) (*(__global anywhere *)(to) = (value))
float __attribute__((overloadable)) sum(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
float4 __attribute__((overloadable)) sum(float4 a, float4 b, float4 c) {
    return (float4)(sum(a.x, b.x, c.x), sum(a.y, b.y, c.y), sum(a.z, b.z, c.z), sum(a.w, b.w, c.w));
}
#define mad(a, b, c) sum(a, b, c)
)cl";

class OpenclCode : public ::testing::Test {
protected:
    void SetUp() override {
        if (std::string(HARDNET_CLANG).empty()) GTEST_SKIP() << "no clang here (apt-get install clang-14)";
        const TestPackage &package = compiled({"hardnet39ds", {64, 64}, 1, "seed:1", "opencl"});
        ASSERT_EQ(package.error, "");
        text_ = static_cast<const char *>(package.network->levels[0].module->bytes);
        path_ = package.folder + "/kernels";
    }

    // What clang says of the text behind `before`.
    std::string compile(const std::string &before, const std::string &flags) const {
        std::ofstream(path_ + ".cl") << before << text_;
        const std::string command = std::string(HARDNET_CLANG) +
                                    " -x cl -cl-std=CL1.2 -Xclang -finclude-default-header " + flags + " " +
                                    path_ + ".cl 2>&1";
        FILE *clang = popen(command.c_str(), "r");
        std::string said;
        for (char line[512]; clang && fgets(line, sizeof line, clang);) said += line;
        EXPECT_EQ(clang ? pclose(clang) : -1, 0) << command;
        return said;
    }

    std::string text_, path_;
};

size_t count(const std::string &text, const std::string &pattern) {
    const std::regex what(pattern);
    return size_t(std::distance(std::sregex_iterator(text.begin(), text.end(), what), {}));
}

TEST_F(OpenclCode, IsWhatAnyCompilerTakes) {
    EXPECT_EQ(compile("",
                      "-target spir64 -fsyntax-only -Wall -Wextra -pedantic -Wno-unused-variable "
                      "-Wno-unused-parameter"),
              "");
    EXPECT_EQ(count(text_, "#pragma OPENCL EXTENSION|cl_khr_|halide_opencl"), 0u);
}

TEST_F(OpenclCode, SuitsAGpu) {
    EXPECT_EQ(
        compile(kBuiltins, "-target amdgcn-amd-amdhsa -mcpu=gfx1030 -nogpulib -O3 -w -S -o " + path_ + ".s"),
        "");
    std::ifstream file(path_ + ".s");
    const std::string code(std::istreambuf_iterator<char>(file), {});
    const size_t kernels = count(text_, "__kernel ");
    EXPECT_GT(kernels, 20u);
    EXPECT_EQ(count(code, "\\.private_segment_fixed_size: *0\n"), kernels);
    EXPECT_EQ(count(code, "\\.vgpr_spill_count: *0\n"), kernels);
    const size_t fused = count(code, "v_fma"), alone = count(code, "v_mul_f32");
    EXPECT_GT(fused, 1000u);
    EXPECT_LT(alone, fused / 100);
    EXPECT_GT(count(code, "global_load_dwordx4"), 10 * count(code, "global_load_dword "));
}

}  // namespace
}  // namespace hardnet::testing
