// verify --pictures: how well a package's answers agree with another's and with the truth.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/cli/cached.h"

namespace hardnet {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

constexpr char kTools[] = HARDNET_MODELS "/../tools/train/";
constexpr char kShapes[] = HARDNET_MODELS "/../tests/data/shapes/";

class AgreementTest : public CachedTest {
protected:
    void compile(const std::string &record, const std::string &weights, const std::string &options) {
        const Outcome outcome = cached(std::string("compile " HARDNET_MODELS "/") + record +
                                       ".json --weights " + weights + " --target avx2 " + options);
        ASSERT_EQ(outcome.code, 0) << outcome.err;
    }
    // The agreement that a verification on this machine has saved.
    Json agreement(const std::string &package, const std::string &options) {
        const Outcome outcome = cached("verify " + package + " " + options);
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        std::ifstream file(folder_ + "/" + package + "/verify.json");
        return Json::parse(file).at("agreement");
    }
    void write_boxes(const Json &pictures) {
        Json images = Json::array();
        for (const Json &p : pictures) images.push_back({{"file", p.at("file")}, {"boxes", p.at("boxes")}});
        write("boxes.json", Json{{"images", images}}.dump());
    }
    const Json boxes_ = Json::parse(std::ifstream(std::string(kShapes) + "boxes.json"));
};

TEST_F(AgreementTest, OfLabels) {
    const std::string pictures = std::string("--pictures ") + kTools + "digits";
    compile("digits", std::string(kTools) + "digits.safetensors", "-o trained");
    compile("digits", "seed:1", "-o seeded");
    const Json reference = agreement("trained", pictures);
    EXPECT_EQ(reference["pictures"], 360);
    EXPECT_LT(reference["worst_relative_rms"], 1e-5);
    EXPECT_EQ(
        reference["scores"][0],
        (Json{{"name", "same label"}, {"with_other", 1.0}, {"with_truth", 1.0}, {"other_with_truth", 1.0}}));
    const Json seeded = agreement("trained", pictures + " --against seeded");
    EXPECT_GT(seeded["mean_relative_rms"], 0.1);
    const Json score = seeded["scores"][0];
    EXPECT_LT(score["with_other"], 0.5);
    EXPECT_EQ(score["with_other"], score["other_with_truth"]);  // the one is always right
    EXPECT_EQ(score["with_truth"], 1.0);
    const Outcome beside = cached("verify trained --pictures " HARDNET_MODELS "/../tests/data --truth x");
    EXPECT_EQ(beside.code, 2);
    EXPECT_THAT(beside.err, HasSubstr("--truth: expected none of classification"));
}

// Two tenths of a percentage point: what int16 may cost.
constexpr double kMostLost = 0.002;

TEST_F(AgreementTest, OfMasksInInt16) {
    const std::string weights = std::string(kTools) + "shapes_segmenter.safetensors",
                      pictures = std::string(kShapes) + "pictures";
    compile("shapes_segmenter", weights, "-o float32");
    compile("shapes_segmenter", weights, "--precision int16 --calibrate " + pictures + " -o int16");
    const Json of_int16 =
        agreement("int16", "--pictures " + pictures + " --against float32 --truth " + kShapes + "masks");
    const Json score = of_int16["scores"][0];
    EXPECT_EQ(score["name"], "mean IoU");
    EXPECT_GT(score["with_other"], 0.99);
    EXPECT_LT(score["with_other"], 1);  // it is rounded
    EXPECT_NEAR(score["other_with_truth"], 0.94474, 1e-4);
    EXPECT_GE(double(score["with_truth"]), double(score["other_with_truth"]) - kMostLost);
    const Outcome none =
        cached("verify int16 --pictures " + pictures + " --against float32 --truth " + pictures + "/..");
    EXPECT_EQ(none.code, 3);
    EXPECT_THAT(none.err, HasSubstr("00.png: expected"));
}

TEST_F(AgreementTest, OfBoxesInInt16) {
    const std::string weights = std::string(kTools) + "shapes_detector.safetensors",
                      pictures = std::string(kShapes) + "pictures";
    compile("shapes_detector", weights, "-o float32");
    compile("shapes_detector", weights, "--precision int16 --calibrate " + pictures + " -o int16");
    write_boxes(boxes_.at("pictures"));
    const std::string arguments = "--pictures " + pictures + " --against float32 --truth boxes.json";
    const Json score = agreement("int16", arguments)["scores"][0];
    EXPECT_EQ(score["name"], "mAP@0.5");
    EXPECT_GT(score["with_other"], 0.99);
    EXPECT_EQ(score["other_with_truth"], 1.0);
    EXPECT_GE(double(score["with_truth"]), double(score["other_with_truth"]) - kMostLost);

    Json fewer = boxes_.at("pictures");
    fewer.erase(3);
    write_boxes(fewer);
    const Outcome missing = cached("verify int16 " + arguments);
    EXPECT_EQ(missing.code, 3);
    EXPECT_THAT(missing.err, HasSubstr("boxes.json: expected boxes of 03.png, found none"));
    write("boxes.json", "{}");
    EXPECT_THAT(cached("verify int16 " + arguments).err,
                HasSubstr("boxes.json: expected what hardnet run --json prints"));
}

TEST_F(AgreementTest, IsOfPictures) {
    compile("digits", "seed:1", std::string("--precision int16 --calibrate ") + kTools + "digits -o package");
    const Outcome random = cached("verify package");
    EXPECT_EQ(random.code, 2);
    EXPECT_EQ(random.err,
              "hardnet: verify: package: expected --pictures, since its int16 is within the ranges of 360 "
              "pictures, "
              "which random input may exceed, found none\n");
    EXPECT_THAT(cached("verify package --against other").err,
                HasSubstr("verify: --against: expected --pictures beside it, found none"));
}

}  // namespace
}  // namespace hardnet
