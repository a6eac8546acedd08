// How the interpreter's threads diverge and meet, what it counts, and the faults that it must find in a text and in a launch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <stdexcept>

#include "tests/gpu/ptx.h"

namespace hardnet::ptx {
namespace {

using ::testing::HasSubstr;

const std::string kHead = ".version 7.0\n.target sm_70\n.address_size 64\n";
const std::string kRegisters =
    ".reg .pred %p<4>; .reg .b16 %h<4>; .reg .b32 %r<16>; .reg .b64 %d<8>;\n"
    "ld.param.u64 %d1, [a];\nmov.u32 %r1, %tid.x;\nmul.wide.u32 %d2, %r1, 4;\nadd.s64 %d3, %d1, %d2;\n";

// A kernel of one parameter `a`; %r1 is the thread, %d3 the address of its word of `a`.
std::string kernel_of(const std::string &body) {
    return kHead + ".visible .entry k(.param .u64 a) {\n" + kRegisters + body + "\n}\n";
}

std::string parse_error(const std::string &text) {
    const Result<Module> module = parse(text);
    return module ? "none" : module.error().what;
}

// Runs the text's first kernel on one allocation "words" that nobody wrote.
struct Ran {
    std::string error = "none";
    std::vector<uint32_t> words;
    Counters counters;
};
Ran run_on_words(const std::string &text, const Extent &grid, const Extent &block, size_t words,
                 uint32_t shared = 0, const Checks &checks = {}) {
    Ran ran;
    const Result<Module> module = parse(text);
    if (!module) {
        ran.error = module.error().what;
        return ran;
    }
    Memory memory;
    const uint64_t a = memory.allocate("words", words * 4);
    const Result<Counters> counters = run(module->kernels[0], {grid, block, shared, {a}}, memory, checks);
    ran.words.resize(words);
    memory.read(a, ran.words.data(), words * 4);
    if (counters)
        ran.counters = *counters;
    else
        ran.error = counters.error().what;
    return ran;
}

TEST(Threads, DivergeAndMeet) {
    // 100 + thread where it is odd, and of these 1000 more from 32 on; all get 7 more where they meet again.
    const Ran ran = run_on_words(kernel_of(R"(
        mov.b32 %r2, %r1;
        and.b32 %r3, %r1, 1;
        setp.eq.b32 %p1, %r3, 0;
        @%p1 bra MEET;
        add.s32 %r2, %r2, 100;
        setp.lt.u32 %p2, %r1, 32;
        @!%p2 bra LARGE;
        bra.uni MEET;
    LARGE:
        add.s32 %r2, %r2, 1000;
    MEET:
        add.s32 %r2, %r2, 7;
        st.global.b32 [%d3], %r2;
        ret;)"),
                                 {1}, {70}, 70);
    ASSERT_EQ(ran.error, "none");
    for (uint32_t i = 0; i < 70; i++)
        EXPECT_EQ(ran.words[i], i + 7 + (i % 2 ? (i < 32 ? 100 : 1100) : 0)) << i;
    // A warp meets before the addition: it is counted once per lane either way, but the store is one access of all lanes.
    EXPECT_EQ(ran.counters.stores.at(4), 70u);
}

TEST(Threads, LoopAsOftenAsEachWants) {
    // thread i: the sum of 0 .. i
    const Ran ran = run_on_words(kernel_of(R"(
        mov.b32 %r2, 0;
        mov.b32 %r3, 0;
    AGAIN:
        add.s32 %r2, %r2, %r3;
        add.s32 %r3, %r3, 1;
        setp.le.u32 %p1, %r3, %r1;
        @%p1 bra AGAIN;
        st.global.b32 [%d3], %r2;
        ret;)"),
                                 {1}, {64}, 64);
    ASSERT_EQ(ran.error, "none");
    for (uint32_t i = 0; i < 64; i++) EXPECT_EQ(ran.words[i], i * (i + 1) / 2);
    EXPECT_EQ(ran.counters.of(Kind::kGlobalStore), 64u);
    // branches that are taken, and ends
    EXPECT_EQ(ran.counters.of(Kind::kControl), 64u * 63 / 2 + 64);
}

TEST(Threads, EndWhenTheyWant) {
    const Ran ran = run_on_words(kernel_of(R"(
        setp.gt.u32 %p1, %r1, 4;
        @%p1 ret;
        st.global.b32 [%d3], %r1;)"),
                                 {1}, {64}, 5);
    ASSERT_EQ(ran.error, "none");
    EXPECT_EQ(ran.words, (std::vector<uint32_t>{0, 1, 2, 3, 4}));
}

TEST(Threads, KnowTheirPlaces) {
    // each thread's word, by its place in the grid: digits z y x of block, z y x of thread
    const Ran ran = run_on_words(kernel_of(R"(
        mov.u32 %r2, %ctaid.z; mov.u32 %r3, %nctaid.y; mov.u32 %r4, %ctaid.y; mad.lo.s32 %r2, %r2, %r3, %r4;
        mov.u32 %r3, %nctaid.x; mov.u32 %r4, %ctaid.x; mad.lo.s32 %r2, %r2, %r3, %r4;
        mov.u32 %r3, %ntid.z; mov.u32 %r4, %tid.z; mad.lo.s32 %r2, %r2, %r3, %r4;
        mov.u32 %r3, %ntid.y; mov.u32 %r4, %tid.y; mad.lo.s32 %r2, %r2, %r3, %r4;
        mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x; mad.lo.s32 %r2, %r2, %r3, %r4;
        mul.wide.u32 %d4, %r2, 4; add.s64 %d4, %d1, %d4;
        st.global.b32 [%d4], %r2;)"),
                                 {2, 3, 2}, {5, 2, 4}, 12 * 40);
    ASSERT_EQ(ran.error, "none");
    std::vector<uint32_t> expected(12 * 40);
    std::iota(expected.begin(), expected.end(), 0u);
    EXPECT_EQ(ran.words, expected);
}

TEST(Faults, MemoryThatNobodyWrote) {
    const std::string text = kernel_of("ld.global.b32 %r2, [%d3];");
    EXPECT_THAT(run_on_words(text, {1}, {4}, 4).error,
                HasSubstr("byte 0 of words: expected a value, found memory that nobody wrote"));
    Checks checks;
    checks.uninitialised = false;
    EXPECT_EQ(run_on_words(text, {1}, {4}, 4, 0, checks).error, "none");
    EXPECT_EQ(run_on_words(kernel_of("ret;"), {1}, {4}, 1).words[0], kPoison);
    EXPECT_THAT(run_on_words(kernel_of(".local .b8 own[8]; ld.local.b32 %r2, [own];"), {1}, {4}, 4).error,
                HasSubstr("byte 0 of local memory: expected a value, found memory that nobody wrote"));
    EXPECT_THAT(run_on_words(kernel_of(".local .b8 own[8]; ld.local.b32 %r2, [own+8];"), {1}, {4}, 4).error,
                HasSubstr("4 bytes at 8: expected to lie in 8 bytes of local memory"));
}

TEST(Faults, BlocksThatMeetAtAWord) {
    // each block writes its number, or the same
    const std::string own = kernel_of("mov.u32 %r2, %ctaid.x; st.global.b32 [%d3], %r2;"),
                      same = kernel_of("st.global.b32 [%d3], 5;");
    EXPECT_THAT(run_on_words(own, {2}, {4}, 4).error,
                HasSubstr("expected one block to write it, found block 0 0 0, too"));
    EXPECT_THAT(run_on_words(same, {2}, {4}, 4).error,
                HasSubstr("expected one block to write it, found block 0 0 0, too"));
    const Ran ran = run_on_words(kernel_of("st.global.b32 [%d3], 5; st.global.b32 [%d3], 5;"), {1}, {4}, 4);
    EXPECT_EQ(ran.error, "none");
    EXPECT_EQ(ran.counters.words_written, 4u);
    EXPECT_EQ(ran.counters.words_rewritten, 4u);

    const std::string shared = kernel_of("st.shared.b32 [0], 5;");
    EXPECT_THAT(run_on_words(shared, {1}, {4}, 4, 16).error,
                HasSubstr("expected a barrier behind the thread that wrote it, found none since thread 0"));

    // the first block writes what the second reads, or the second what the first read
    const auto between = [&](const char *reader) {
        return kernel_of(std::string("mov.u32 %r2, %ctaid.x; setp.eq.s32 %p1, %r2, ") + reader +
                         "; @%p1 ld.global.b32 %r3, [%d3]; @!%p1 st.global.b32 [%d3], 1;");
    };
    Checks checks;
    checks.uninitialised = false;
    EXPECT_THAT(run_on_words(between("1"), {2}, {4}, 4, 0, checks).error,
                HasSubstr("expected what was there before the launch, found what block 0 0 0 wrote in it"));
    EXPECT_THAT(run_on_words(between("0"), {2}, {4}, 4, 0, checks).error,
                HasSubstr("expected no other block to use it, found that block 0 0 0 read it"));
    EXPECT_THAT(
        run_on_words(
            kernel_of("mov.u32 %r2, %ctaid.x; setp.lt.u32 %p1, %r2, 2; @%p1 ld.global.b32 %r3, [%d3]; "
                      "@!%p1 st.global.b32 [%d3], 1;"),
            {3}, {4}, 4, 0, checks)
            .error,
        HasSubstr("expected no other block to use it, found that several blocks read it"));
    EXPECT_THAT(
        run_on_words(kernel_of("st.global.b32 [%d3], 1; ld.global.nc.b32 %r3, [%d3];"), {1}, {4}, 4).error,
        HasSubstr("expected what was there before the launch, found what block 0 0 0 wrote in it"));
    EXPECT_EQ(run_on_words(kernel_of("st.global.b32 [%d3], 1; ld.global.b32 %r3, [%d3];"), {1}, {4}, 4).error,
              "none");
}

TEST(Faults, AfterALaunchWordsMayBeReadAndWrittenAnew) {
    const Result<Module> module = parse(kernel_of("st.global.b32 [%d3], %r1;"));
    ASSERT_TRUE(module);
    Memory memory;
    const uint64_t a = memory.allocate("words", 16);
    for (int launch = 0; launch < 2; launch++) {
        const Result<Counters> counters = run(module->kernels[0], {{1}, {4}, 0, {a}}, memory);
        ASSERT_TRUE(counters) << counters.error().what;
        EXPECT_EQ(counters->words_rewritten, 0u);
    }
}

TEST(HostMemory, IsAnAllocationOrAnError) {
    Memory memory;
    uint32_t words[4] = {1, 2, 3, 4}, found[4] = {};
    const uint64_t fresh = memory.allocate("fresh", 16);
    EXPECT_EQ(memory.words_that_nobody_wrote(fresh, 16), 4u);
    memory.write(fresh + 4, words, 8);
    EXPECT_EQ(memory.words_that_nobody_wrote(fresh, 16), 2u);
    EXPECT_EQ(memory.words_that_nobody_wrote(fresh + 4, 8), 0u);
    memory.read(fresh, found, 16);
    EXPECT_THAT(found, ::testing::ElementsAre(kPoison, 1, 2, kPoison));
    memory.adopt("words", words, 16);
    const uint64_t adopted = reinterpret_cast<uintptr_t>(words);
    EXPECT_EQ(memory.words_that_nobody_wrote(adopted, 16), 0u);
    memory.poison(adopted + 8, 4);
    EXPECT_EQ(words[2], kPoison);
    EXPECT_EQ(memory.words_that_nobody_wrote(adopted, 16), 1u);
    EXPECT_THROW(memory.write(fresh + 8, words, 12), std::out_of_range);
    EXPECT_THROW(memory.read(fresh - 4, found, 4), std::out_of_range);
    memory.release(fresh);
    EXPECT_EQ(memory.find(fresh, 1), nullptr);
    EXPECT_NE(memory.find(adopted, 16), nullptr);
    EXPECT_EQ(memory.find(adopted + 1, 16), nullptr);
}

TEST(Faults, OfArithmeticAndLoops) {
    EXPECT_THAT(run_on_words(kernel_of("add.s32 %r2, %r1, -3; rem.s32 %r3, 7, %r2;"), {1}, {8}, 8).error,
                HasSubstr("thread 3 0 0: expected a divisor, found 0"));
    Checks checks;
    checks.most_instructions = 1000;
    EXPECT_THAT(run_on_words(kernel_of("AGAIN: bra AGAIN;"), {1}, {8}, 8, 0, checks).error,
                HasSubstr("expected the kernel to end within 1000 instructions"));
}

TEST(Faults, OfALaunch) {
    const std::string text = kernel_of("ret;");
    EXPECT_THAT(run_on_words(text, {1}, {1025}, 1).error,
                HasSubstr("threads of a block: expected 1 to 1024, found 1025"));
    EXPECT_THAT(run_on_words(text, {1}, {0}, 1).error,
                HasSubstr("threads of a block: expected 1 to 1024, found 0"));
    EXPECT_THAT(run_on_words(text, {1, 70000}, {1}, 1).error, HasSubstr("found 1 x 70000 x 1"));
    EXPECT_THAT(run_on_words(text, {1}, {1, 1, 65}, 1).error,
                HasSubstr("block's z: expected 1 to 64, found 65"));
    EXPECT_THAT(run_on_words(text, {1}, {1}, 1, 300000).error,
                HasSubstr("shared memory: expected at most 232448 bytes, found 300000"));
    EXPECT_THAT(
        run_on_words(kHead + ".visible .entry k(.param .u64 a)\n.maxntid 8, 4, 1\n{ ret; }", {1}, {33}, 1)
            .error,
        HasSubstr("threads of a block: expected 1 to 32, found 33"));
    EXPECT_THAT(run_on_words(kHead + ".visible .entry k() { ret; }", {1}, {1}, 1).error,
                HasSubstr("parameters: expected 0, found 1"));
}

TEST(Faults, OfAText) {
    const auto body = [](const std::string &text) { return parse_error(kernel_of(text)); };
    EXPECT_EQ(parse_error(kHead + ".const .b8 table[4];"),
              "PTX line 4: directive .const: expected one that is known");
    EXPECT_EQ(parse_error(kHead + ".visible .func f() { ret; }"),
              "PTX line 4: directive .func: expected one that is known");
    EXPECT_EQ(parse_error(".address_size 32"), "PTX line 1: address size: expected 64, found 32");
    EXPECT_EQ(parse_error(kHead + ".visible .entry k(.param .b8 a) {}"),
              "PTX line 4: type of a parameter: expected one that is known, found .b8");
    EXPECT_EQ(parse_error(kHead + ".visible .entry k() .reqnctapercluster 2 {}"),
              "PTX line 4: directive .reqnctapercluster: expected one that is known");
    EXPECT_EQ(parse_error(kHead + ".visible .entry k() {"), "PTX line 4: expected more, found the end");
    EXPECT_THAT(body(".reg .f16 %x;"),
                HasSubstr("type of a register: expected one that is known, found .f16"));
    EXPECT_THAT(body(".loc 1 2 3;"), HasSubstr("directive .loc: expected one that is known"));
    EXPECT_THAT(body("bra NOWHERE;"), HasSubstr("bra NOWHERE;: expected a label, found none of that name"));
    EXPECT_THAT(body("A: A: ret;"), HasSubstr("label A: expected one, found two"));
    EXPECT_THAT(body("add.s32 %r2, %r1, %x;"), HasSubstr("expected an operand, found %x"));
    EXPECT_THAT(body("add.s32 5, %r1, %r1;"), HasSubstr("5: expected a register"));
    EXPECT_THAT(body("add.s32 %r2, %r1;"), HasSubstr("expected 3 operands, found 2"));
    EXPECT_THAT(body("add.s32 %r2, %r1, %d1;"), HasSubstr("%d1: expected 32 bits, found 64"));
    EXPECT_THAT(body("@%r1 ret;"), HasSubstr("expected a predicate, found 32 bits"));
    EXPECT_THAT(body("ld.global.b64 %r2, [%d1];"), HasSubstr("%r2: expected 64 bits, found 32"));
    EXPECT_THAT(body("ld.global.v2.b32 {%r2, %d4}, [%d1];"), HasSubstr("expected registers of one width"));
    EXPECT_THAT(body("ld.global.b32 %r2, %d1;"), HasSubstr("%d1: expected an address"));
    EXPECT_THAT(body("ld.param.b64 %d1, [a+8];"), HasSubstr("expected to stay in the parameter of 8 bytes"));
    EXPECT_THAT(body("ld.param.b64 %d1, [%d2];"), HasSubstr("expected the name of a parameter"));
    EXPECT_THAT(body("bar.sync 1;"), HasSubstr("expected barrier 0 of all threads"));
    EXPECT_THAT(body("mov.b32 %r2, 0f3F80;"), HasSubstr("expected an operand, found 0f3F80"));
}

}  // namespace
}  // namespace hardnet::ptx
