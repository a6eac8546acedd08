// compile --calibrate: where ranges come from, what is refused.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>

#include "cli/npy.h"
#include "tests/cli/cached.h"
#include "vision/pictures/images.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

using ::testing::HasSubstr;

constexpr char kDigits[] = HARDNET_MODELS "/digits.json --weights " HARDNET_MODELS
                                          "/../tools/train/digits.safetensors --precision int16";
constexpr char kPictures[] = HARDNET_MODELS "/../tools/train/digits";

class CalibrationTest : public CachedTest {
protected:
    Outcome compile(const std::string &network, const std::string &options) {
        return cached("compile " + network + " --target avx2 " + options);
    }
    Manifest manifest_of(const std::string &package) {
        const Result<Package> opened = open_package(folder_ + "/" + package);
        return opened ? opened->manifest : throw std::runtime_error(opened.error().what);
    }
    // Nothing is written, and the one line says so.
    void expect_refused(const std::string &calibrate, int code, const std::string &text) {
        const Outcome outcome = compile(kDigits, "--calibrate " + calibrate + " -o package");
        EXPECT_EQ(outcome.code, code);
        EXPECT_EQ(outcome.err, "hardnet: " + text + "\n");
        EXPECT_FALSE(std::filesystem::exists(folder_ + "/package"));
    }
    void write_inputs(const std::string &name, std::vector<int64_t> shape, float last) {
        int64_t elems = 1;
        for (int64_t extent : shape) elems *= extent;
        std::vector<float> values = seeded_input(elems, 5);
        values.back() = last;
        ASSERT_TRUE(write_npy(folder_ + "/" + name, {shape, values}));
    }
};

TEST_F(CalibrationTest, RangesAreWhatPicturesShow) {
    const Outcome compiled = compile(kDigits, std::string("--calibrate ") + kPictures + " -o package");
    ASSERT_EQ(compiled.code, 0) << compiled.err;
    const Manifest seen = manifest_of("package");
    EXPECT_EQ(seen.ranges_source, "360 pictures");
    ASSERT_EQ(compile(kDigits, "-o bounded").code, 0);
    const Manifest bounded = manifest_of("bounded");
    EXPECT_EQ(bounded.ranges_source, "");
    int narrower = 0, transformed = 0;
    for (size_t l = 0; l < seen.ranges.size(); l++) {
        if (!seen.ranges[l] || !bounded.ranges[l]) continue;
        const Interval &pictures = seen.ranges[l]->interval, &any = bounded.ranges[l]->interval;
        EXPECT_GE(pictures.least, any.least);
        EXPECT_LE(pictures.most, any.most);
        narrower += pictures.most < any.most;
        for (const auto &[m, most] : seen.ranges[l]->transformed) transformed += most[0] > 0;
    }
    EXPECT_GT(narrower, 0);
    EXPECT_EQ(transformed, 5);  // read by Winograd layers
    EXPECT_THAT(cached("inspect package").out, HasSubstr("int16 within the ranges of 360 pictures"));
    const Outcome read =
        cached(std::string("run package ") + kPictures + " --top 1 --truth-from-name --level avx2");
    if (read.code == 0)
        EXPECT_THAT(read.out, HasSubstr("360 of 360 right"));
    else
        std::printf("avx2 is not run: %s", read.err.c_str());
}

TEST_F(CalibrationTest, BoundsWhatNormsMakeOfTheirSources) {
    const std::string network =
        HARDNET_MODELS "/../tests/data/behind_norms.json --weights seed:1 --precision int16";
    EXPECT_EQ(compile(network, "-o package").code, 3);
    const Outcome seeded = compile(network, "--calibrate seed:1 -o package");
    ASSERT_EQ(seeded.code, 0) << seeded.err;
    const Manifest manifest = manifest_of("package");
    for (size_t l = 0; l < manifest.network.layers.size(); l++) {
        const Layer &layer = manifest.network.layers[l];
        if (layer.front_norm.empty() || layer.op != OpKind::kConv) continue;
        ASSERT_TRUE(manifest.ranges[l]);
        ASSERT_EQ(manifest.ranges[l]->behind_norm.size(), 1u) << layer.name;
        const Interval &behind = manifest.ranges[l]->behind_norm[0].interval;
        EXPECT_EQ(behind.least, 0) << layer.name;
        EXPECT_GT(behind.most, 0) << layer.name;
        const LayerInfo *info = manifest.chosen(layer.name, "avx2");
        ASSERT_TRUE(info);
        EXPECT_EQ(info->products, Precision::kInt16) << layer.name;
    }
    const Outcome verified = cached("verify package --per-layer --level avx2");
    EXPECT_EQ(verified.code, 0) << verified.out;
}

TEST_F(CalibrationTest, BoundsWhatNothingElseDoes) {
    const std::string network = "resnet18 --weights seed:1 --input 64x64 --precision int16";
    const Outcome without = compile(network, "-o package");
    EXPECT_EQ(without.code, 3);
    EXPECT_EQ(without.err,
              "hardnet: resnet18: precision int16: expected convolutions of what is bounded (behind ReLU6, a "
              "clip or a sigmoid), found none; --calibrate bounds them by what they hold on pictures\n");
    const Outcome seeded = compile(network, "--calibrate seed:1 -o package");
    ASSERT_EQ(seeded.code, 0) << seeded.err;
    EXPECT_EQ(manifest_of("package").ranges_source, "64 random inputs");
    const Outcome verified = cached("verify package --per-layer --level avx2");
    EXPECT_EQ(verified.code, 0) << verified.out;
    EXPECT_THAT(verified.out, HasSubstr("winograd F(4x4) int16"));

    // The package's ranges serve a network that differs in its weights alone.
    const std::string other = "resnet18 --weights seed:2 --input 64x64 --precision int16";
    const Outcome again = compile(other, "--calibrate package -o again");
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(manifest_of("again").ranges, manifest_of("package").ranges);
    std::filesystem::rename(folder_ + "/package", folder_ + "/resnet");
    expect_refused("resnet", 3,
                   "resnet: expected a package of the same network and input, found resnet18 of 64x64");
}

int int16_layers(const Manifest &manifest) {
    int count = 0;
    for (const LayerInfo &layer : manifest.layers)
        count += layer.algorithm.find("int16") != std::string::npos;
    return count;
}

TEST_F(CalibrationTest, ErrorsAreMeasured) {
    ASSERT_EQ(compile(kDigits, std::string("--calibrate ") + kPictures + " -o package").code, 0);
    const Manifest manifest = manifest_of("package");
    const Outcome run = cached("bench package --seconds 0.01 --level avx2");
    if (run.code != 0) {
        std::printf("avx2 is not run, so nothing is measured: %s", run.err.c_str());
        return;
    }
    int measured = 0;
    for (const LayerInfo &layer : manifest.layers) {
        if (layer.error == 0 || !layer.measured) continue;  // a pool's convolution lies nowhere whole
        measured++;
        EXPECT_GT(*layer.measured, 0) << layer.layer;
        EXPECT_LT(*layer.measured, 5e-3) << layer.layer;
    }
    EXPECT_GE(measured, int16_layers(manifest) - 1);
    EXPECT_THAT(cached("inspect package --layers").out, HasSubstr("measured"));
}

TEST_F(CalibrationTest, LayersAreKeptInFloat32) {
    const std::string calibrate = std::string("--calibrate ") + kPictures;
    ASSERT_EQ(compile(kDigits, calibrate + " -o all").code, 0);
    ASSERT_EQ(compile(kDigits, calibrate + " --keep base.1 -o one").code, 0);
    EXPECT_EQ(manifest_of("one").kept, std::vector<std::string>{"base.1"});
    EXPECT_EQ(int16_layers(manifest_of("one")), int16_layers(manifest_of("all")) - 1);
    EXPECT_EQ(manifest_of("one").chosen("base.1", "avx2")->algorithm, "winograd F(4x4)");
    EXPECT_THAT(cached("explain one base.1").out, HasSubstr("winograd F(4x4)"));
    expect_refused(std::string(kPictures) + " --keep base.x", 2,
                   "keep: expected a layer of hardnet_digits, found 'base.x'");
    if (cached("bench all --seconds 0.01 --level avx2").code != 0) {
        std::printf("avx2 is not run, so --most-error is not tried\n");
        return;
    }
    const Outcome few = compile(kDigits, calibrate + " --most-error 1.5e-4 -o few");
    ASSERT_EQ(few.code, 0) << few.err;
    const Manifest kept = manifest_of("few");
    EXPECT_FALSE(kept.kept.empty());
    EXPECT_GT(int16_layers(kept), 0);
    EXPECT_LT(int16_layers(kept), int16_layers(manifest_of("all")));
    const Outcome none = compile(kDigits, calibrate + " --most-error 1e-6 -o none");
    EXPECT_EQ(none.code, 3);
    EXPECT_THAT(none.err,
                HasSubstr("hardnet_digits: --most-error: expected integer layers that lose at most 1.0e-06, "
                          "found "));
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/none"));
}

TEST_F(CalibrationTest, WhatIsNoPictureIsRefused) {
    std::filesystem::create_directory(folder_ + "/none");
    expect_refused("none", 3, "none: expected JPEG, PNG, WebP or BMP files, found none");
    write_inputs("few.npy", {7, 3, 32, 32}, 0);
    expect_refused("few.npy", 3, "few.npy: expected 8 pictures or more to calibrate with, found 7");
    write_inputs("small.npy", {8, 3, 32, 31}, 0);
    expect_refused("small.npy", 3, "small.npy: expected the shape [N, 3, 32, 32], found [8, 3, 32, 31]");
    write_inputs("nan.npy", {8, 3, 32, 32}, NAN);
    expect_refused("nan.npy", 3, "nan.npy: image 7: expected finite numbers, found nan at 3071");
    ASSERT_TRUE(write_npy(folder_ + "/flat.npy", {{8, 3, 32, 32}, std::vector<float>(8 * 3072, 0.5f)}));
    expect_refused("flat.npy", 3,
                   "flat.npy: image 0: expected a picture to calibrate with, found the same value at every "
                   "pixel");
    expect_refused("missing", 3, "missing: expected pictures, .npy files, seed:N or a package, found none");
}

TEST_F(CalibrationTest, Float32HasNoRanges) {
    const Outcome outcome =
        cached("compile " HARDNET_MODELS "/digits.json --weights seed:1 --calibrate seed:1 -o p");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
              "hardnet: compile: --calibrate: expected --precision int16 or int8 beside it, found fp32\n");
    EXPECT_THAT(cached("compile " HARDNET_MODELS "/digits.json --weights seed:1 --keep base.1 -o p").err,
                HasSubstr("compile: --keep: expected --precision int16 or int8 beside it, found fp32"));
    EXPECT_THAT(compile(kDigits, "--most-error 1e-3 -o p").err,
                HasSubstr("compile: --most-error: expected --calibrate beside it, found none"));
    ASSERT_EQ(compile(kDigits, "-o bounded").code, 0);
    expect_refused("bounded", 3,
                   "bounded: expected a package that was compiled with --calibrate, found another");
}

}  // namespace
}  // namespace hardnet
