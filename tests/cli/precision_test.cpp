// compile --precision int16, then what verify, run and inspect make of the package.
#include <gmock/gmock.h>

#include <cmath>

#include "cli/npy.h"
#include "tests/cli/cached.h"

namespace hardnet {
namespace {

using ::testing::HasSubstr;

class PrecisionTest : public CachedTest {
protected:
    Outcome compile_digits(const std::string &weights, const std::string &options) {
        return cached("compile " HARDNET_MODELS "/digits.json --weights " + weights + " --precision int16 " +
                      options + " -o package");
    }
};

TEST_F(PrecisionTest, TrainedDigitsAreReadAsInFloat32) {
    const Outcome compiled =
        compile_digits(HARDNET_MODELS "/../tools/train/digits.safetensors", "--target host");
    ASSERT_EQ(compiled.code, 0) << compiled.err;
    const Outcome verified = cached("verify package --per-layer");
    EXPECT_EQ(verified.code, 0) << verified.out;
    EXPECT_THAT(verified.out, HasSubstr("winograd F(4x4) int16"));
    EXPECT_THAT(cached("inspect package --layers").out, HasSubstr("1x1 int16"));
    for (const char *level : {"zen4", "avx512", "avx2"}) {
        const Outcome read = cached(std::string("run package " HARDNET_MODELS
                                                "/../tools/train/digits --top 1 --truth-from-name --level ") +
                                    level);
        if (read.code != 0) {  // of another CPU
            std::printf("%s is not run: %s", level, read.err.c_str());
            continue;
        }
        EXPECT_THAT(read.out, HasSubstr("360 of 360 right")) << level;
    }
    EXPECT_THAT(cached("explain package base.1").out, HasSubstr("int16"));
    EXPECT_THAT(cached("bench package --seconds 0.1 --layers").out, HasSubstr("base.4"));
}

// Within what pictures show, by dot products where this CPU has them.
TEST_F(PrecisionTest, TrainedDigitsAreReadAsInFloat32ByInt8) {
    const std::string pictures = HARDNET_MODELS "/../tools/train/digits";
    const Outcome compiled = cached("compile " HARDNET_MODELS "/digits.json --weights " + pictures +
                                    ".safetensors --precision int8 --calibrate " + pictures +
                                    " --target zen4 --target avx2 --target arm64 -o package");
    ASSERT_EQ(compiled.code, 0) << compiled.err;
    EXPECT_THAT(compiled.err, HasSubstr("precision int8: level avx2 has no dot products of it"));
    EXPECT_THAT(cached("inspect package").out, HasSubstr("int8 within the ranges of 360 pictures"));
    EXPECT_THAT(cached("inspect package --layers").out, HasSubstr("direct 3x3 int8"));
    EXPECT_THAT(cached("explain package base.1 --level zen4").out, HasSubstr("direct 3x3 int8"));
    EXPECT_THAT(cached("explain package base.1 --level dotprod").out, HasSubstr("direct 3x3 int8"));
    for (const char *level : {"zen4", "avx2"}) {
        const Outcome read =
            cached("run package " + pictures + " --top 1 --truth-from-name --level " + level);
        if (read.code != 0) {  // of another CPU
            std::printf("%s is not run: %s", level, read.err.c_str());
            continue;
        }
        EXPECT_THAT(read.out, HasSubstr("360 of 360 right")) << level;
        EXPECT_EQ(cached("verify package --pictures " + pictures + " --level " + level).code, 0) << level;
    }
}

// Float32 carries them on to the outputs; int16 has none.
TEST_F(PrecisionTest, NaNAndInfinityAreRefused) {
    ASSERT_EQ(compile_digits("seed:1", "--target avx2").code, 0);
    if (const Outcome run = cached("bench package --seconds 0.01 --level avx2"); run.code != 0) {
        std::printf("avx2 is not run: %s", run.err.c_str());
        return;
    }
    NpyTensor input{{2, 3, 32, 32}, std::vector<float>(2 * 3072, 0.5f)};
    const auto run = [&](float last) {
        input.values.back() = last;
        EXPECT_TRUE(write_npy(folder_ + "/in.npy", input));
        return cached("run package --tensor in.npy -o out.npy");
    };
    EXPECT_EQ(run(3e38f).code, 0);
    for (const auto &[value, name] : {std::pair(NAN, "a NaN"), {-INFINITY, "an infinity"}}) {
        const Outcome refused = run(value);
        EXPECT_EQ(refused.code, 2);
        EXPECT_EQ(
            refused.err,
            std::string("hardnet: hardnet_digits: input: expected finite numbers for integers, found ") +
                name + "\n");
    }
}

TEST_F(PrecisionTest, TargetsWithoutItAreRefused) {
    const Outcome outcome = compile_digits("seed:1", "--target arm64");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err,
                HasSubstr("precision int16: expected a target whose levels have it (zen4, avx512, avx2), "
                          "found none"));
}

TEST_F(PrecisionTest, OthersAreRefused) {
    const Outcome outcome = cached("compile hardnet68 --weights seed:1 --precision int4 -o package");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("--precision: expected fp32, int16 or int8, found int4"));
}

}  // namespace
}  // namespace hardnet
