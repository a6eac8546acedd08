// The trained segmenter and detector on held-out pictures, from the picture's file to masks and boxes as `hardnet run`
// makes them: as good as PyTorch on the same pictures, to a tenth of a percentage point.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/scores.h"
#include "cli/vision.h"
#include "tests/networks/package.h"

namespace hardnet::testing {
namespace {

constexpr double kTenthOfAPoint = 0.001;
constexpr char kFolder[] = HARDNET_SOURCE "/tests/data/shapes/";

nlohmann::json read_json(const std::string &path) {
    std::ifstream file(path);
    return nlohmann::json::parse(file);
}

struct ShapesPicture {
    Image image;
    LabelMap mask;
    Detections boxes;
};

Image image_of(const std::string &path) {
    const Result<Image> image = read_image(path);
    if (!image) throw std::runtime_error(image.error().what);
    return *image;
}

std::vector<ShapesPicture> held_out() {
    std::vector<ShapesPicture> pictures;
    const nlohmann::json all = read_json(std::string(kFolder) + "boxes.json");
    for (const auto &from : all.at("pictures")) {
        const std::string file = from.at("file");
        ShapesPicture picture{image_of(std::string(kFolder) + "pictures/" + file), {}, {}};
        const Image mask = image_of(std::string(kFolder) + "masks/" + file);
        picture.mask = {mask.width, mask.height, {}};
        for (size_t i = 0; i < mask.rgb.size(); i += 3) picture.mask.labels.push_back(mask.rgb[i]);
        for (const auto &one : from.at("boxes")) {
            const std::vector<float> box = one.at("box");
            picture.boxes.push_back({one.at("class"), 1, {box[0], box[1], box[2], box[3]}});
        }
        pictures.push_back(std::move(picture));
    }
    return pictures;
}

// A trained package on one level of this CPU's.
class Shapes : public ::testing::Test {
protected:
    const TestPackage &package(const std::string &name, bool mask = false) {
        const std::string record = HARDNET_SOURCE "/models/" + name + ".json";
        const std::string weights = HARDNET_SOURCE "/tools/train/" + name + ".safetensors";
        return compiled({record, kSize, 1, weights, "", mask});
    }
    // Runs on a picture, and says how it was resized.
    hardnet_resize_plan run(const TestPackage &package, Session &session, const Image &image) {
        const auto plan =
            preprocess(image, package.layers.preprocessing, kSize, session.input<float>(), "picture");
        EXPECT_EQ(hardnet_run(session.context()), HARDNET_OK) << session.error();
        return *plan;
    }
    void expect_as_good(const std::string &what, const std::vector<double> &found, const std::string &key,
                        const std::string &mean_key) {
        const std::vector<double> expected = golden.at(key);
        ASSERT_EQ(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); i++)
            EXPECT_NEAR(found[i], expected[i], kTenthOfAPoint) << key << " " << i;
        const double mean = std::accumulate(found.begin(), found.end(), 0.0) / double(found.size());
        const double golden_mean = golden.at(mean_key);
        EXPECT_NEAR(mean, golden_mean, kTenthOfAPoint);
        printf("%s: package %.5f, PyTorch %.5f\n", what.c_str(), mean, golden_mean);
    }

    static constexpr InputSize kSize{128, 128};
    const nlohmann::json golden = read_json(HARDNET_GOLDEN_FOLDER "/shapes.json");
    const std::vector<ShapesPicture> pictures = held_out();
};

std::vector<std::string> runnable_levels() {
    std::vector<std::string> levels;
    for (const std::string &level : level_names())
        if (missing_features(level).empty()) levels.push_back(level);
    return levels;
}

TEST_F(Shapes, AreSegmentedAsWellAsByPyTorch) {
    const TestPackage &segmenter = package("shapes_segmenter");
    ASSERT_EQ(segmenter.error, "");
    for (const std::string &level : runnable_levels()) {
        SCOPED_TRACE(level);
        Session session(segmenter, {level});
        ASSERT_EQ(session.status(), HARDNET_OK) << session.error();
        ClassOverlaps overlaps(segmenter.classes);
        for (const ShapesPicture &picture : pictures) {
            const hardnet_resize_plan plan = run(segmenter, session, picture.image);
            const LabelMap found =
                best_classes(session.output(0).data(), segmenter.classes, kSize.width, kSize.height);
            const auto in_whole =
                in_picture(found, plan, picture.image.width, picture.image.height, "picture");
            ASSERT_TRUE(in_whole);
            overlaps.add(*in_whole, picture.mask);
        }
        expect_as_good("mean IoU, " + level, overlaps.shares(), "iou", "mean_iou");
    }
}

TEST_F(Shapes, HaveTheMaskOfTheirGreatestLogits) {
    const TestPackage &logits = package("shapes_segmenter"), &mask = package("shapes_segmenter", true);
    ASSERT_EQ(mask.error, "");
    for (const std::string &level : runnable_levels()) {
        SCOPED_TRACE(level);
        Session of_logits(logits, {level}), of_mask(mask, {level, 2});
        ASSERT_EQ(of_mask.status(), HARDNET_OK) << of_mask.error();
        EXPECT_LT(mask.network->outputs[0].shape[1], logits.network->outputs[0].shape[1]);
        for (size_t i = 0; i < 3; i++) {
            run(logits, of_logits, pictures[i].image);
            run(mask, of_mask, pictures[i].image);
            const LabelMap expected =
                best_classes(of_logits.output(0).data(), logits.classes, kSize.width, kSize.height);
            const LabelMap found = class_numbers(of_mask.output(0).data(), kSize.width, kSize.height);
            EXPECT_EQ(found.labels, expected.labels);
        }
    }
}

TEST_F(Shapes, AreDetectedAsWellAsByPyTorch) {
    const TestPackage &detector = package("shapes_detector");
    ASSERT_EQ(detector.error, "");
    const Priors priors = ssd_priors(detector.layers);
    const float threshold = golden.at("threshold");
    for (const std::string &level : runnable_levels()) {
        SCOPED_TRACE(level);
        Session session(detector, {level});
        ASSERT_EQ(session.status(), HARDNET_OK) << session.error();
        std::vector<Detections> found, expected;
        for (const ShapesPicture &picture : pictures) {
            const hardnet_resize_plan plan = run(detector, session, picture.image);
            const Detections boxes = decode_ssd(priors, session.output(0).data(), session.output(1).data(),
                                                detector.classes, kSize, threshold);
            found.push_back(in_picture(boxes, plan, picture.image.width, picture.image.height));
            expected.push_back(picture.boxes);
        }
        for (const std::string least_overlap : golden.at("least_overlaps")) {
            std::vector<double> precisions;
            for (int label = 1; label < detector.classes; label++)
                precisions.push_back(average_precision(found, expected, label, std::stof(least_overlap)));
            expect_as_good("mAP at " + least_overlap + ", " + level, precisions,
                           "average_precision_" + least_overlap, "mean_average_precision_" + least_overlap);
        }
    }
}

}  // namespace
}  // namespace hardnet::testing
