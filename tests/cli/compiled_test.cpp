// The program on a package that it compiled itself.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <tuple>

#include "cli/npy.h"
#include "cli/vision.h"
#include "tests/cli/cached.h"
#include "tests/weights/tiny.h"
#include "vision/pictures/images.h"

namespace hardnet {
namespace {

class Compiled : public CachedTest {};

TEST_F(Compiled, batches_are_verified) {
    write("tiny.json", to_json(hardnet::testing::tiny_record(false)));
    for (const int batch : {1, 3}) {
        const Outcome made =
            cached("compile tiny.json --weights seed:1 --batch " + std::to_string(batch) + " -o package");
        ASSERT_EQ(made.code, 0) << made.err;
        const Outcome verified = hardnet("verify package --per-layer --threads 2");
        EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
        EXPECT_THAT(verified.out, ::testing::EndsWith("package/verify.json: every bound holds\n"));
        const auto json = nlohmann::json::parse(shell("cat package/verify.json", folder_).out);
        EXPECT_EQ(json["batch"], batch);
        EXPECT_EQ(json["images"], std::min(batch, 2)) << "the first and the last are compared";
        EXPECT_GT(json["layers"].size(), 10u);
    }
}

// Without machine code the driver gets PTX, which is text; a package may come without its weights, made again by import.
TEST_F(Compiled, a_package_for_gpus_has_ptx_where_asked) {
    write("tiny.json", to_json(hardnet::testing::tiny_record(false)));
    const std::string compile =
        "compile tiny.json --weights seed:1 --target x86-64-v2 --target cuda --name tiny -o package";
    const Outcome made = cached(compile + " --cubins none");
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(shell("grep -c '\\.visible \\.entry hardnet_' package/lib/*/libtiny.so", folder_).code, 0);
    EXPECT_EQ(shell("rm package/tiny.safetensors && $H import seed:1 --model tiny.json --folded -o "
                    "package/tiny.safetensors",
                    folder_)
                  .code,
              0);
    const Outcome verified = hardnet("verify package --device auto");
    EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
    const Outcome refused = cached(compile + " --cubins some");
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, ::testing::HasSubstr("--cubins: expected auto or none, found some"));
}

TEST_F(Compiled, a_package_for_opencl_runs_where_there_is_one) {
    write("tiny.json", to_json(hardnet::testing::tiny_record(false)));
    const Outcome made = cached("compile tiny.json --weights seed:1 --target opencl --name tiny -o package");
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(hardnet("inspect package").out,
                ::testing::HasSubstr("\nopencl: OpenCL C 1.2, which a device's driver compiles.\n"));
    const auto doctor = nlohmann::json::parse(hardnet("doctor --json").out)["opencl"];
    const Outcome verified = hardnet("verify package --per-layer --device opencl");
    if (!doctor["works"]) {
        EXPECT_EQ(verified.code, 5) << verified.err;
        GTEST_SKIP() << "no OpenCL here: " << doctor["missing"];
    }
    EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
    const Outcome timed =
        hardnet("bench package --device opencl --iterations 3 --layers --trace trace.json --json");
    ASSERT_EQ(timed.code, 0) << timed.err;
    const auto json = nlohmann::json::parse(timed.out);
    EXPECT_EQ(json["level"], "opencl");
    EXPECT_FALSE(json.contains("without_copies_min_ms"));
    EXPECT_GT(json["steps"].size(), 10u);
    for (const auto &step : json["steps"]) EXPECT_GT(step["ms"], 0) << step;
    const auto trace = nlohmann::json::parse(shell("cat trace.json", folder_).out);
    EXPECT_EQ(trace["otherData"]["device"], json["device"]);
}

// One plane is PIL's grey, four have its alpha, for two there is no picture.
TEST_F(Compiled, pictures_become_as_many_planes_as_the_input_has) {
    const std::string golden = HARDNET_MODELS "/../tests/golden/pictures/see_through",
                      picture = HARDNET_MODELS "/../tests/data/pictures/see_through.webp";
    const Result<Image> colors = read_image(golden + ".png"), grey = read_image(golden + "_grey.png"),
                        alpha = read_image(golden + "_alpha.png");
    ASSERT_TRUE(colors && grey && alpha);
    for (const int planes : {1, 2, 4}) {
        SCOPED_TRACE(planes);
        ModelRecord record = hardnet::testing::tiny_record(false);
        record.input_planes = planes;
        record.preprocessing = usual_preprocessing(planes);
        record.preprocessing.resize_short = 0;
        record.input = {28, 44};  // four times the picture's extents
        write("tiny.json", to_json(record));
        const Outcome made = cached("compile tiny.json --weights seed:1 -o package");
        ASSERT_EQ(made.code, 0) << made.err;
        const Outcome verified = hardnet("verify package --per-layer");
        EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
        EXPECT_THAT(hardnet("inspect package").out,
                    ::testing::StartsWith("tiny: tiny at " + std::to_string(planes) + "x28x44, batch 1"));

        NpyTensor tensor{{1, planes, 28, 44}, std::vector<float>(size_t(planes) * 28 * 44)};
        if (planes != 2) {
            Image stored = planes == 1 ? *grey : *colors;
            if (planes == 4)
                for (size_t i = 0; i < alpha->rgb.size(); i += 3) stored.alpha.push_back(alpha->rgb[i]);
            ASSERT_TRUE(
                preprocess(stored, record.preprocessing, record.input, tensor.values.data(), "golden"));
        }
        ASSERT_TRUE(write_npy(folder_ + "/in.npy", tensor));
        const Outcome raw = hardnet("run package --tensor in.npy -o out.npy");
        ASSERT_EQ(raw.code, 0) << raw.err;
        if (planes == 2) {
            expect_error(
                "run package '" + picture + "'", 2,
                "hardnet: run: package: expected --tensor, since a picture has 1, 3 or 4 planes, found "
                "pictures and a network of 2\n");
            continue;
        }
        const std::vector<float> expected = read_npy(folder_ + "/out.npy")->values;
        const Outcome ran = hardnet("run package '" + picture + "' --json");
        ASSERT_EQ(ran.code, 0) << ran.err;
        for (const auto &guess : nlohmann::json::parse(ran.out)["images"][0]["top"])
            EXPECT_EQ(guess["logit"].get<float>(), expected[guess["class"].get<size_t>()]) << guess;
    }
}

TEST_F(Compiled, another_class_count_drops_the_records_class_names) {
    ModelRecord record = hardnet::testing::tiny_record(false);
    record.class_names = {"ant", "bee", "cat", "dog", "eel"};
    write("tiny.json", to_json(record));
    const auto names_after = [&](const std::string &flags) {
        const Outcome made = cached("compile tiny.json --weights seed:1 " + flags + " -o package");
        EXPECT_EQ(made.code, 0) << made.err;
        return nlohmann::json::parse(shell("cat package/tiny.json", folder_).out)["class_names"].size();
    };
    EXPECT_EQ(names_after("--classes 5"), 5u);
    EXPECT_EQ(names_after("--classes 3"), 0u);
}

TEST_F(Compiled, masks_are_verified_by_the_logits_they_chose) {
    const std::string of = "compile '" HARDNET_MODELS "/shapes_";
    ASSERT_EQ(cached(of + "segmenter.json' --weights seed:1 --mask -o package").code, 0);
    const Outcome verified = hardnet("verify package --per-layer");
    EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
    const auto manifest = nlohmann::json::parse(shell("cat package/shapes_segmenter.json", folder_).out);
    EXPECT_EQ(manifest["graph"]["layers"].back()["op"], "argmax");
    const Outcome refused = cached(of + "detector.json' --weights seed:1 --mask -o other");
    EXPECT_EQ(refused.code, 3);
    EXPECT_EQ(refused.err,
              "hardnet: shapes_detector: mask: expected a network of segmentation, found an output loc\n");
}

TEST_F(Compiled, masks_of_one_class_have_compiles_threshold) {
    const std::string of = "compile '" HARDNET_MODELS "/shapes_segmenter.json' --weights seed:1 --classes 1 ";
    ASSERT_EQ(cached(of + "-o logits").code, 0);
    ASSERT_EQ(cached(of + "--mask --threshold 0.4 -o mask").code, 0);
    Image image{64, 64, {}};
    for (int i = 0; i < 64 * 64 * 3; i++) image.rgb.push_back(uint8_t(i * i / 97));
    ASSERT_TRUE(write_png(folder_ + "/a.png", image));
    const auto classes = [&](const std::string &run) {
        const Outcome outcome = hardnet("run " + run + " a.png --json");
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        return nlohmann::json::parse(outcome.out)["images"][0]["classes"];
    };
    const auto found = classes("mask");
    EXPECT_EQ(found.size(), 2u) << "a threshold that tells nothing: " << found;
    EXPECT_EQ(found, classes("logits --threshold 0.4"));
    EXPECT_NE(found, classes("logits"));
    EXPECT_EQ(hardnet("verify mask").code, 0);
    expect_error(
        "run mask a.png --threshold 0.4", 2,
        "hardnet: run: --threshold: expected a package of logits, found one of masks, whose threshold is "
        "compile's\n");
    expect_error(
        of + "--threshold 0.4 -o other", 2,
        "hardnet: compile: --threshold: expected --mask beside it, found none (run --threshold is for "
        "logits)\n");
}

TEST_F(Compiled, a_verification_that_cannot_be_saved_is_a_result_all_the_same) {
    write("tiny.json", to_json(hardnet::testing::tiny_record(false)));
    ASSERT_EQ(cached("compile tiny.json --weights seed:1 -o package").code, 0);
    write("package/verify.json", "old");
    for (const auto &[bound, code, words] :
         {std::tuple("3e-6", 0, "every bound holds"), {"1e-12", 1, "a bound is broken"}}) {
        const Outcome full = shell(
            std::string("( ulimit -f 0; $H verify package --bound ") + bound + " 2>&1; echo code $? ) | cat",
            folder_);
        EXPECT_THAT(full.out,
                    ::testing::MatchesRegex(
                        std::string("([^\n]*\n)*hardnet: note: not saved: package/verify.json: expected "
                                    "to write [0-9]+ bytes, found: File too large\n"
                                    "([^\n]*\n)*package: ") +
                        words + "\ncode " + std::to_string(code) + "\n"));
        EXPECT_EQ(shell("cat package/verify.json", folder_).out, "old");
    }
}

TEST_F(Compiled, without_a_cache_nothing_is_left_behind) {
    write("tiny.json", to_json(hardnet::testing::tiny_record(false)));
    const Outcome made = shell(
        "mkdir temporary; HARDNET_CACHE=/proc/none TMPDIR=$PWD/temporary $H compile tiny.json --weights "
        "seed:1 "
        "-o package; code=$?; rmdir temporary && exit $code",
        folder_);
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.err, ::testing::HasSubstr("hardnet: note: cache: /proc/none cannot be written (No such "
                                               "file or directory), so no kernel is kept; HARDNET_CACHE"));
}

}  // namespace
}  // namespace hardnet
