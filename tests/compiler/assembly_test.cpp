// Inner loops of assembly, counted by hand.
#include "compiler/assembly.h"

#include <gtest/gtest.h>

namespace hardnet {
namespace {

const Machine &machine_named(const std::string &level) {
    for (const Machine &machine : machines())
        if (machine.level == level) return machine;
    throw std::runtime_error(level);
}

TEST(InnerLoops, AreThoseThatHoldNoOther) {
    const std::vector<InnerLoop> loops = inner_loops(R"(
	.text
kernel:
	xorl	%eax, %eax
.LBB0_1:                                # the outer one
	vxorps	%xmm0, %xmm0, %xmm0
.LBB0_2:
	prefetcht1	(%r13)
	vmovaps	(%rbp), %zmm14
	vfmadd231ps	-832(%rbx,%rdx,4){1to16}, %zmm14, %zmm13 # zmm13 = (zmm14 * mem) + zmm13
	vfmadd231ps	%zmm1, %zmm14, %zmm12
	vaddps	%zmm1, %zmm2, %zmm2
	vmovups	%zmm2, (%rcx) {%k1}
	leaq	8(%rcx), %rcx
	incq	%rdx
	jne	.LBB0_2
	incq	%rax
	jne	.LBB0_1
.LBB0_3:
	vmovups	(%rax), %ymm0
	vmovups	%ymm0, (%rcx)
	vmovups	(%rax), %ymm1
	vmovups	(%rax), %ymm1
	jb	.LBB0_3
	retq
)",
                                                     machine_named("avx512"));
    ASSERT_EQ(loops.size(), 2u);
    const InnerLoop &sums = loops[0], &copies = loops[1];
    EXPECT_EQ(sums.lines.size(), 10u);
    EXPECT_EQ(sums.mix.total, 9);
    EXPECT_EQ(sums.mix.multiply_adds, 2);
    EXPECT_EQ(sums.mix.arithmetic, 1);
    EXPECT_EQ(sums.mix.loads, 2);
    EXPECT_EQ(sums.mix.stores, 1);
    EXPECT_EQ(sums.mix.prefetches, 1);
    EXPECT_EQ(sums.cycles, 3);  // one vector of 16 a cycle
    EXPECT_EQ(sums.bound, "multiply-adds");
    EXPECT_EQ(copies.mix.loads, 3);
    EXPECT_EQ(copies.mix.stores, 1);
    EXPECT_EQ(copies.cycles, 1.5);
    EXPECT_EQ(copies.bound, "loads");
}

TEST(InnerLoops, AreCountedForArm) {
    const std::vector<InnerLoop> loops = inner_loops(R"(
.LBB0_4:
	ldp	q16, q17, [x9, #-16]
	ldr	s18, [x10], #4
	prfm	pldl1strm, [x9, #512]
	fmla	v0.4s, v16.4s, v18.s[0]
	fmla	v1.4s, v17.4s, v18.s[0]
	fadd	v2.4s, v2.4s, v1.4s
	subs	x8, x8, #1
	str	q2, [x11], #16
	b.ne	.LBB0_4
)",
                                                     machine_named("neon"));
    ASSERT_EQ(loops.size(), 1u);
    const InstructionMix &mix = loops[0].mix;
    EXPECT_EQ(mix.total, 9);
    EXPECT_EQ(mix.multiply_adds, 2);
    EXPECT_EQ(mix.arithmetic, 1);
    EXPECT_EQ(mix.loads, 2);
    EXPECT_EQ(mix.stores, 1);
    EXPECT_EQ(mix.prefetches, 1);
}

// Of int8 with a shift, of int16 without VNNI's instruction, and of int8 on ARM64.
TEST(InnerLoops, OfIntegersMultiplyAndAdd) {
    const std::vector<InnerLoop> x86 = inner_loops(R"(
.LBB0_1:
	vmovd	(%rbp,%r9), %xmm5
	vpxor	%xmm1, %xmm5, %xmm5
	vpbroadcastd	%xmm5, %zmm5
	vpdpbusd	(%r10), %zmm5, %zmm6
	vpmaddwd	%ymm2, %ymm3, %ymm4
	vpaddd	%ymm4, %ymm0, %ymm0
	jne	.LBB0_1
)",
                                                   machine_named("avx512"));
    ASSERT_EQ(x86.size(), 1u);
    EXPECT_EQ(x86[0].mix.multiply_adds, 2);
    EXPECT_EQ(x86[0].mix.arithmetic, 2);
    EXPECT_EQ(x86[0].mix.loads, 2);
    const std::vector<InnerLoop> arm = inner_loops(R"(
.LBB0_2:
	ld1r	{ v30.4s }, [x22]
	ldp	q29, q9, [x7, #-16]
	sdot	v28.4s, v29.16b, v30.16b
	sdot	v27.4s, v9.16b, v30.16b
	b.ne	.LBB0_2
)",
                                                   machine_named("neon"));
    ASSERT_EQ(arm.size(), 1u);
    EXPECT_EQ(arm[0].mix.multiply_adds, 2);
    EXPECT_EQ(arm[0].mix.loads, 2);
}

}  // namespace
}  // namespace hardnet
