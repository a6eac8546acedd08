// The faults that the interpreter must find where they are planted, one by one, into a kernel that is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/gpu/ptx.h"

namespace hardnet::ptx {
namespace {

using ::testing::HasSubstr;

// Two blocks of 64 threads: a thread loads four floats, leaves them in shared memory, takes those of the thread opposite and
// stores 2 * a + 1 of them.
const std::string kRight = R"(.version 7.0
.target sm_70
.address_size 64
.visible .entry mirror(.param .u64 in, .param .u64 out) {
    .reg .pred %p<4>; .reg .f32 %f<9>; .reg .b32 %r<8>; .reg .b64 %d<8>;
    ld.param.u64 %d1, [in];
    ld.param.u64 %d2, [out];
    cvta.to.global.u64 %d3, %d1;
    mov.u32 %r1, %tid.x;
    mov.u32 %r2, %ctaid.x;
    shl.b32 %r3, %r2, 6;
    add.s32 %r3, %r3, %r1;
    mul.wide.u32 %d4, %r3, 16;
    add.s64 %d5, %d3, %d4;
    add.s64 %d6, %d2, %d4;
    ld.global.nc.v4.f32 {%f1, %f2, %f3, %f4}, [%d5];
    shl.b32 %r4, %r1, 4;
    st.shared.v4.f32 [%r4], {%f1, %f2, %f3, %f4};
    bar.sync 0;
    xor.b32 %r5, %r4, 1008;
    ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r5];
    mov.f32 %f5, 0f3F800000;
    fma.rn.f32 %f1, %f1, 0f40000000, %f5;
    fma.rn.f32 %f2, %f2, 0f40000000, %f5;
    fma.rn.f32 %f3, %f3, 0f40000000, %f5;
    fma.rn.f32 %f4, %f4, 0f40000000, %f5;
    st.global.v4.f32 [%d6], {%f1, %f2, %f3, %f4};
    ret;
}
)";
constexpr int kMirrored = 2 * 64 * 4;

struct Mirror {
    Memory memory;
    std::vector<float> values = std::vector<float>(kMirrored);
    uint64_t in, out;

    Mirror() {
        std::iota(values.begin(), values.end(), 0.0f);
        in = memory.allocate("in", kMirrored * 4, Access::kReadOnly);
        out = memory.allocate("out", kMirrored * 4);
        memory.write(in, values.data(), kMirrored * 4);
    }
    Result<Counters> run_kernel(const std::string &text, uint32_t shared = 1024) {
        const Result<Module> module = parse(text);
        if (!module) return module.error();
        return run(module->kernels[0], {{2}, {64}, shared, {in, out}}, memory);
    }
};

TEST(PlantedFaults, NoneInTheKernelThatIsRight) {
    Mirror mirror;
    const Result<Counters> counters = mirror.run_kernel(kRight);
    ASSERT_TRUE(counters) << counters.error().what;
    std::vector<float> found(kMirrored);
    mirror.memory.read(mirror.out, found.data(), kMirrored * 4);
    for (int block = 0; block < 2; block++) {
        for (int thread = 0; thread < 64; thread++) {
            for (int e = 0; e < 4; e++)
                EXPECT_EQ(found[size_t((block * 64 + thread) * 4 + e)],
                          2 * mirror.values[size_t((block * 64 + 63 - thread) * 4 + e)] + 1);
        }
    }
    EXPECT_EQ(counters->of(Kind::kFma), 4u * 128);
    EXPECT_EQ(counters->of(Kind::kSharedStore), 128u);
    EXPECT_EQ(counters->of(Kind::kSharedLoad), 128u);
    EXPECT_EQ(counters->loads, (std::map<int, uint64_t>{{16, 128}}));
    EXPECT_EQ(counters->stores, (std::map<int, uint64_t>{{16, 128}}));
    EXPECT_EQ(counters->bytes_written, (std::map<std::string, uint64_t>{{"out", kMirrored * 4}}));
    EXPECT_EQ(counters->words_written, uint64_t{kMirrored});
    EXPECT_EQ(counters->words_rewritten, 0u);
    EXPECT_EQ(counters->barriers, 2u);
    EXPECT_EQ(counters->total(), 23u * 128);
    EXPECT_EQ(mirror.memory.words_that_nobody_wrote(mirror.out, kMirrored * 4), 0u);
}

struct Planted {
    const char *name, *right, *wrong, *error;
    uint32_t shared = 1024;
};

void PrintTo(const Planted &planted, std::ostream *out) { *out << planted.name; }

class PlantedFaults : public ::testing::TestWithParam<Planted> {};

TEST_P(PlantedFaults, AreFound) {
    const Planted &planted = GetParam();
    std::string text = kRight;
    const size_t at = text.find(planted.right);
    ASSERT_NE(at, text.npos);
    text.replace(at, std::strlen(planted.right), planted.wrong);
    const Result<Counters> counters = Mirror().run_kernel(text, planted.shared);
    ASSERT_FALSE(counters);
    EXPECT_THAT(counters.error().what, HasSubstr(planted.error));
}

INSTANTIATE_TEST_SUITE_P(
    Kernel, PlantedFaults,
    ::testing::Values(
        Planted{"OutOfBoundsLoad", "%f4}, [%d5];", "%f4}, [%d5+16];",
                "mirror: line 16: ld.global.nc.v4.f32 {%f1, %f2, %f3, %f4}, [%d5+16];: block 1 0 0, thread "
                "63 0 0: 16 "
                "bytes at 0x10000000800: expected to lie in an allocation, found 0 bytes behind the end of "
                "in (2048 bytes)"},
        Planted{"OutOfBoundsStore", "st.global.v4.f32 [%d6]", "st.global.v4.f32 [%d6+-16]",
                "block 0 0 0, thread 0 0 0: 16 bytes at 0x1fffffffff0: expected to lie in an allocation, "
                "found 16 bytes in "
                "front of out (2048 bytes)"},
        Planted{"MisalignedVector", "%f4}, [%d5];", "%f4}, [%d5+4];",
                "thread 0 0 0: 0x10000000004: expected an address that is a multiple of 16"},
        Planted{"MissingBarrier", "bar.sync 0;", "",
                "line 21: ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r5];: block 0 0 0, thread 0 0 0: byte "
                "1008 of shared "
                "memory: expected a value, found memory that nobody wrote"},
        Planted{"MissingBarrierInAWarp", "bar.sync 0;\n    xor.b32 %r5, %r4, 1008", "xor.b32 %r5, %r4, 16",
                "block 0 0 0, thread 0 0 0: byte 16 of shared memory: expected a barrier behind the thread "
                "that wrote it, "
                "found none since thread 1"},
        Planted{
            "ReadBeforeWriteWithoutBarrier",
            "xor.b32 %r5, %r4, 1008;\n    ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r5];",
            "xor.b32 %r5, %r4, 16; ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r5]; st.shared.f32 [%r4], %f1;",
            "thread 0 0 0: byte 0 of shared memory: expected a barrier behind the thread that read it, found "
            "none since "
            "thread 1"},
        Planted{"DivergentBarrier", "bar.sync 0;", "setp.lt.u32 %p1, %r1, 40; @%p1 bar.sync 0; @!%p1 ret;",
                "expected all threads at the barrier, found that thread 40 ended"},
        Planted{"BarriersOfTwoKinds", "bar.sync 0;",
                "setp.lt.u32 %p1, %r1, 40; @%p1 bra ONE;\n bar.sync 0;\n bra TWO;\nONE: bar.sync 0;\nTWO:",
                "expected all threads at the barrier, found some at that of line"},
        Planted{"UninitialisedShared", "bar.sync 0;\n    xor.b32 %r5, %r4, 1008",
                "bar.sync 0;\n    add.s32 %r5, %r4, 1024",
                "byte 1024 of shared memory: expected a value, found memory that nobody wrote", 4096},
        Planted{"UninitialisedRegister", "mov.f32 %f5, 0f3F800000;", "",
                "fma.rn.f32 %f1, %f1, 0f40000000, %f5;: block 0 0 0, thread 0 0 0: expected registers with "
                "values, found "
                "one that nobody wrote"},
        Planted{"RegisterOfSomeThreads", "mov.f32 %f5, 0f3F800000;",
                "setp.ne.s32 %p1, %r1, 9; @%p1 mov.f32 %f5, 0f3F800000;",
                "thread 9 0 0: expected registers with values, found one that nobody wrote"},
        Planted{"WriteWriteRace", "st.shared.v4.f32 [%r4]", "and.b32 %r4, %r4, 1007; st.shared.v4.f32 [%r4]",
                "thread 1 0 0: byte 0 of shared memory: expected a barrier behind the thread that wrote it, "
                "found none since "
                "thread 0"},
        Planted{"WriteWriteRaceOfBlocks", "add.s64 %d6, %d2, %d4;",
                "mul.wide.u32 %d6, %r1, 16; add.s64 %d6, %d6, %d2;",
                "block 1 0 0, thread 0 0 0: byte 0 of out: expected one block to write it, found block 0 0 "
                "0, too"},
        Planted{"UnknownOpcode", "xor.b32 %r5", "lop3.b32 %r5",
                "PTX line 20: lop3.b32 %r5, %r4, 1008;: expected an "
                "instruction that is known"},
        Planted{"UnknownModifier", "fma.rn.f32 %f1", "fma.rz.f32 %f1",
                "fma.rz.f32 %f1, %f1, 0f40000000, %f5;: expected an "
                "instruction that is known"},
        Planted{"TooLittleShared", "bar.sync 0;", "bar.sync 0;",
                "thread 63 0 0: 16 bytes at 1008: expected to lie in 1008 bytes of shared memory", 1008},
        Planted{"WriteOfAnInput", "add.s64 %d6, %d2, %d4;", "add.s64 %d6, %d1, %d4;",
                "in: expected memory that may be written, found read-only"}),
    [](const ::testing::TestParamInfo<Planted> &info) { return std::string(info.param.name); });

}  // namespace
}  // namespace hardnet::ptx
