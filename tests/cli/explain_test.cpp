// hardnet explain on a package of two families' levels.
#include <gmock/gmock.h>

#include "tests/cli/cached.h"

namespace hardnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Explain : public CachedTest {
protected:
    void compile(const std::string &flags) {
        const Outcome made =
            cached("compile '" HARDNET_MODELS "/digits.json' --weights seed:1 " + flags + " -o package");
        ASSERT_EQ(made.code, 0) << made.err;
    }
};

TEST_F(Explain, tells_a_layer_from_its_algorithm_to_its_assembly) {
    compile("--target avx2 --target arm64");
    const Outcome x86 = hardnet("explain package base.3.layers.3 --level avx2 --asm --stmt page.html");
    ASSERT_EQ(x86.code, 0) << x86.err;
    EXPECT_THAT(x86.out, StartsWith("base.3.layers.3 of hardnet_digits at level avx2: 38x8x8 -> 24x8x8\n"
                                    "reads       base.3.layers.2 (8), base.3.layers.1 (14), base.2 (16)\n"
                                    "algorithm   winograd "));
    for (const char *part :
         {"chosen\n", "the cost model: ", "compiled    --algorithm auto --optimize speed --blocks ",
          "kernels     *1 product: hardnet_", "\nproduce M:\n", "\tvfmadd", " multiply-adds, ",
          "\npage.html: the lowered statement of kernel 1\n"})
        EXPECT_THAT(x86.out, HasSubstr(part));
    EXPECT_EQ(x86.out.find("\nreads "), x86.out.rfind("\nreads ")) << "printed once";
    EXPECT_THAT(shell("cat page.html", folder_).out, HasSubstr("<html"));
    // The kernel that it shows is in the package.
    const size_t at = x86.out.find(": hardnet_") + 2;
    EXPECT_EQ(shell("grep -q " + x86.out.substr(at, 40) + " package/hardnet_digits.c", folder_).code, 0);

    const Outcome arm = hardnet("explain package base.3.layers.3 --level neon --asm");
    ASSERT_EQ(arm.code, 0) << arm.err;
    EXPECT_THAT(arm.out, HasSubstr("\tfmla\t"));
    EXPECT_THAT(arm.out, HasSubstr("time        not measured: "));
    EXPECT_THAT(arm.out, Not(HasSubstr("vfmadd")));
    const Outcome transform = hardnet("explain package base.3.layers.3 --level neon --kernel 2");
    EXPECT_THAT(transform.out, HasSubstr("\nloop nest of kernel 2:\nproduce Y:\n"));
}

TEST_F(Explain, shows_a_gpus_kernels_as_it_holds_them) {
    compile("--target avx2 --target cuda --target opencl --cubins none");
    const std::pair<const char *, std::vector<const char *>> levels[] = {
        {"cuda", {".entry hardnet_", "fma.rn.f32"}}, {"opencl", {"__kernel ", " void hardnet_", "mad("}}};
    for (const auto &[level, code] : levels) {
        const Outcome outcome =
            hardnet(std::string("explain package base.3.layers.3 --asm --stmt page.html --level ") + level);
        ASSERT_EQ(outcome.code, 0) << outcome.err;
        EXPECT_THAT(outcome.out, HasSubstr(std::string(" at level ") + level + ": 38x8x8 -> 24x8x8\n"));
        for (const char *part : {"algorithm   direct 3x3\n", "\ntile        ", "\nproduce Y:\n", "gpu_block",
                                 "gpu_thread", "\npage.html: the lowered statement of kernel 1\n"})
            EXPECT_THAT(outcome.out, HasSubstr(part));
        for (const char *part : code) EXPECT_THAT(outcome.out, HasSubstr(part));
        EXPECT_THAT(outcome.out, Not(HasSubstr("\ntime ")));
        EXPECT_THAT(shell("cat page.html", folder_).out, HasSubstr("<html"));
    }
}

TEST_F(Explain, finds_the_flags_that_a_package_was_compiled_with) {
    compile("--target avx2 --algorithm direct");
    const Outcome outcome = hardnet("explain package base.3.layers.3");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("\ncompiled    --algorithm direct --optimize speed --blocks "));
    EXPECT_THAT(hardnet("explain package base.5").out, HasSubstr("\nkernels     none of its own\n"));
}

TEST_F(Explain, finds_the_records_that_a_package_was_compiled_with) {
    write(
        "mine.jsonl",
        R"({"level":"avx2","op":"convolution","kernel":[1,1],"stride":[1,1],"dilation":[1,1],"width":8,"height":8,)"
        R"("residual":false,"out":32,"in":40,"blocks":[{"channels":32,"block":32,"lanes":8,"extent":2}],)"
        R"("ms":0.25,"model_ms":0.5,"cpu":"some CPU","threads":2,"version":"0.1.0","sources":"66f834163fa0"})"
        "\n");
    compile("--target avx2 --blocks mine.jsonl");
    const Outcome outcome = hardnet("explain package base.4 --blocks mine.jsonl");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(
        outcome.out,
        HasSubstr("blocks      32:32x2 (tuned)   channels:channels of a block x pixels\n"
                  "            a record of some CPU, 2 threads: 0.2500 ms, the cost model's 0.5000 ms\n"));
    EXPECT_EQ(hardnet("explain package base.4").code, 3);
}

TEST_F(Explain, shows_no_code_that_a_package_does_not_hold) {
    compile("--target avx2");
    expect_error(
        "explain package base.3.layer.3", 2,
        "hardnet: layer: expected one of hardnet_digits, found \"base.3.layer.3\"\n"
        "  layers of names like it:\n  base.3.layers.3\n  base.3.layers.0\n  base.3.layers.1\n"
        "  base.3.layers.2\n  base.6.layers.3\n  base.6.layers.0\n  base.6.layers.1\n  base.6.layers.2\n");
    expect_error("explain package base.0 --level avx512", 2,
                 "hardnet: level: expected one of the package's (avx2), found \"avx512\"\n");
    expect_error("explain package base.0 --kernel 9", 2,
                 "hardnet: explain: --kernel: expected at most 3, found 9\n");
    ASSERT_EQ(shell("sed -i 's/hardnet_[0-9a-f]/hardnet_/' package/hardnet_digits.c", folder_).code, 0);
    expect_error(
        "explain package base.0", 3,
        "hardnet: package/hardnet_digits.c: expected kernels as this program makes them, found others\n"
        "  compile the package again, or name the file of --blocks or the --tune-for that it was compiled "
        "with\n");
}

}  // namespace
}  // namespace hardnet
