// The interpreter: what each instruction computes.
#include "tests/gpu/ptx.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <set>

#include "tests/gpu/operations.h"
#include "tests/gpu/ptx_vectors.h"

namespace hardnet::ptx {
namespace {

const std::string kHeader = ".version 7.0\n.target sm_70\n.address_size 64\n";

char destination_of(const std::string &instruction) {
    for (const char *name : {"%p1", "%h1", "%r1", "%d1"}) {
        if (instruction.find(name) != instruction.npos) return name[1];
    }
    return ' ';
}

std::string kernel_of(const std::string &instruction, bool guarded) {
    const char kind = destination_of(instruction);
    const std::string to_64 = kind == 'p'   ? "selp.b64 %d1, 1, 0, %p1;"
                              : kind == 'h' ? "cvt.u64.u16 %d1, %h1;"
                              : kind == 'r' ? "cvt.u64.u32 %d1, %r1;"
                                            : "";
    return kHeader + R"(
.visible .entry k(.param .u64 out) {
    .reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %r<8>; .reg .b64 %d<8>;
    .shared .align 16 .b8 words[64];
    .local .align 16 .b8 own[64];
    ld.param.u64 %d7, [out];
    mov.u32 %r7, %tid.x;
    mul.wide.u32 %d6, %r7, 8;
    add.s64 %d7, %d7, %d6;
    and.b32 %r6, %r7, 1;
    setp.eq.b32 %p7, %r6, 1;
    mov.pred %p1, 0; mov.b16 %h1, 0x1111; mov.b32 %r1, 0x11111111; mov.b64 %d1, 0x1111111111111111;
    mov.pred %p2, 1; mov.pred %p3, 0; mov.b16 %h2, -2; mov.b32 %r2, -2; mov.b64 %d2, -2;
    mov.b64 %d5, 0;
    )" + std::string(guarded ? "@%p7 " : "") +
           instruction + "\n    " + to_64 + "\n    st.global.b64 [%d7], %d1;\n    ret;\n}\n";
}

// 40 threads: a whole warp and a part of one. Where the instruction is guarded, even threads keep what was there.
void expect_vector(const Vector &vector, bool guarded) {
    constexpr int kThreads = 40;
    const Result<Module> module = parse(kernel_of(vector.instruction, guarded));
    ASSERT_TRUE(module) << module.error().what;
    Memory memory;
    const uint64_t out = memory.allocate("out", kThreads * 8);
    const Result<Counters> counters = run(module->kernels[0], {{1}, {kThreads}, 0, {out}}, memory);
    ASSERT_TRUE(counters) << counters.error().what;
    const char kind = destination_of(vector.instruction);
    const uint64_t kept = kind == 'p'   ? 0
                          : kind == 'h' ? 0x1111
                          : kind == 'r' ? 0x11111111
                                        : 0x1111111111111111;
    uint64_t results[kThreads];
    memory.read(out, results, sizeof results);
    for (int i = 0; i < kThreads; i++)
        EXPECT_EQ(results[i], guarded && i % 2 == 0 ? kept : vector.expected)
            << "thread " << i << fmt::format(": {:#x}", results[i]);
}

class Vectors : public ::testing::TestWithParam<Vector> {};

TEST_P(Vectors, OfAllThreads) { expect_vector(GetParam(), false); }

TEST_P(Vectors, OfSomeThreads) { expect_vector(GetParam(), true); }

INSTANTIATE_TEST_SUITE_P(Integer, Vectors, ::testing::ValuesIn(integer_vectors()));
INSTANTIATE_TEST_SUITE_P(Comparison, Vectors, ::testing::ValuesIn(comparison_vectors()));
INSTANTIATE_TEST_SUITE_P(Float, Vectors, ::testing::ValuesIn(float_vectors()));
INSTANTIATE_TEST_SUITE_P(Conversion, Vectors, ::testing::ValuesIn(conversion_vectors()));
class MemoryVectors : public Vectors {};

TEST_P(MemoryVectors, OfAllThreads) { expect_vector(GetParam(), false); }

INSTANTIATE_TEST_SUITE_P(Memory, MemoryVectors, ::testing::ValuesIn(memory_vectors()));

// "mul.lo.s32" -> "mul.lo": what is known of one type is of the others by the same template.
std::string without_types(std::string name) {
    name = name.substr(0, name.find(' '));
    for (size_t dot = name.rfind('.'); dot != name.npos; dot = name.rfind('.')) {
        const std::string word = name.substr(dot + 1);
        const bool type =
            word == "pred" || (std::strchr("bsuf", word[0]) && word.size() > 1 && std::isdigit(word[1]));
        if (!type) break;
        name.resize(dot);
    }
    return name;
}

TEST(Ptx, EveryOpcodeHasAVector) {
    // Those of global and shared memory, barriers and branches have tests of their own.
    std::set<std::string> tested = {"bra", "bra.uni", "bar.sync", "barrier.sync", "ret", "exit", "ld.param"};
    for (const auto &vectors :
         {integer_vectors(), comparison_vectors(), float_vectors(), conversion_vectors(), memory_vectors()}) {
        for (const Vector &vector : vectors) {
            std::string text = vector.instruction;
            for (size_t end; (end = text.find(';')) != text.npos;
                 text = text.substr(std::min(end + 2, text.size())))
                tested.insert(without_types(text.substr(0, text.find(' '))));
        }
    }
    for (const auto &[name, operation] : operations()) {
        std::string of = without_types(name);
        for (const char *space : {"global.nc", "global", "shared"}) {
            const size_t at = of.find(std::string(".") + space);
            if (at != of.npos && at == 2) of.replace(at + 1, std::strlen(space), "local");
        }
        EXPECT_TRUE(tested.count(of)) << name;
    }
}

}  // namespace
}  // namespace hardnet::ptx
