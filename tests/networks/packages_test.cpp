// What holds for a package beyond its logits: batches, 8-bit images, levels chosen by name, and a trained
// network that gives PyTorch's answer on every image that it was never shown.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reference/compare.h"
#include "tests/networks/package.h"
#include "vision/pictures/images.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

std::vector<double> widened(const std::vector<float> &values) { return {values.begin(), values.end()}; }

const TestPackage &small_package() { return compiled({"hardnet68", {96, 64}}); }

std::vector<std::string> runnable_levels() {
    std::vector<std::string> levels;
    for (const std::string &level : level_names()) {
        if (missing_features(level).empty()) levels.push_back(level);
    }
    return levels;
}

TEST(Packages, BatchGivesTheBitsOfSingleImages) {
    const TestPackage &three = compiled({"hardnet68", {96, 64}, 3}), &one = small_package();
    ASSERT_EQ(three.error, "");
    ASSERT_EQ(one.error, "");
    const std::vector<float> images = seeded_input(3 * int64_t(one.image_elems), 5);
    for (const std::string &level : runnable_levels()) {
        SCOPED_TRACE(level);
        Session batch(three, {level, 2}), single(one, {level, 2});
        ASSERT_EQ(batch.status(), HARDNET_OK) << batch.error();
        ASSERT_EQ(single.status(), HARDNET_OK) << single.error();
        std::copy(images.begin(), images.end(), batch.input<float>());
        std::vector<float> expected;
        for (int i = 0; i < 3; i++) {
            const auto image = images.begin() + std::ptrdiff_t(i * one.image_elems);
            std::copy(image, image + std::ptrdiff_t(one.image_elems), single.input<float>());
            for (float logit : single.run()) expected.push_back(logit);
        }
        ASSERT_EQ(expected.size(), 3u * size_t(one.classes));
        EXPECT_NE(expected[0], expected[size_t(one.classes)]);
        EXPECT_TRUE(same_bits(batch.run(), expected));
    }
}

// The kernel multiplies by 1 / (255 * deviation) where the test divides: the images differ by an ulp here and
// there.
TEST(Packages, EightBitImagesAreNormalisedAsRecorded) {
    constexpr double kBound = 3.5e-6;  // relative RMS of the logits; measured 1.2e-6
    const TestPackage &package = small_package();
    ASSERT_EQ(package.error, "");
    const Preprocessing &p = package.layers.preprocessing;
    const size_t plane = package.image_elems / 3;
    for (const std::string &level : runnable_levels()) {
        SCOPED_TRACE(level);
        Session bytes(package, {level, 1, HARDNET_UINT8}), floats(package, {level, 1});
        ASSERT_EQ(bytes.status(), HARDNET_OK) << bytes.error();
        ASSERT_EQ(floats.status(), HARDNET_OK) << floats.error();
        for (size_t i = 0; i < package.image_elems; i++) {
            const uint8_t value =
                uint8_t(i * 97 + i / 3 * 31 + i / 192);  // every value, no period of rows or pixels
            bytes.input<uint8_t>()[i] = value;
            const size_t c = i % 3;
            floats.input<float>()[c * plane + i / 3] = float((value / 255.0 - p.mean[c]) / p.deviation[c]);
        }
        const std::vector<float> expected = floats.run();
        const Difference difference = compare(bytes.run(), widened(expected));
        EXPECT_LE(difference.relative_rms, kBound);
    }
}

TEST(Packages, LevelsAreForcedByOptionAndByEnvironment) {
    const TestPackage &package = small_package();
    ASSERT_EQ(package.error, "");
    const std::vector<std::string> runnable = runnable_levels();
    EXPECT_STREQ(hardnet_level_name(Session(package, {}).context()), runnable.front().c_str());
    for (const std::string &level : level_names()) {
        const bool runs = missing_features(level).empty();
        Session by_option(package, {level});
        EXPECT_EQ(by_option.status(), runs ? HARDNET_OK : HARDNET_UNSUPPORTED_CPU);
        setenv("HARDNET_CPU_LEVEL", level.c_str(), 1);
        Session by_environment(package, {}), option_wins(package, {runnable.front()});
        unsetenv("HARDNET_CPU_LEVEL");
        EXPECT_EQ(by_environment.status(), runs ? HARDNET_OK : HARDNET_UNSUPPORTED_CPU);
        if (runs) {
            EXPECT_STREQ(hardnet_level_name(by_option.context()), level.c_str());
            EXPECT_STREQ(hardnet_level_name(by_environment.context()), level.c_str());
        }
        EXPECT_STREQ(hardnet_level_name(option_wins.context()), runnable.front().c_str());
    }
    Session unknown(package, {"avx1024"});
    EXPECT_EQ(unknown.status(), HARDNET_INVALID_ARGUMENT);
    EXPECT_NE(unknown.error().find("found \"avx1024\""), std::string::npos) << unknown.error();
}

struct Digit {
    std::string file;
    int label = 0, predicted = 0;
    std::vector<double> logits;
};

std::vector<Digit> digits() {
    std::ifstream file(HARDNET_GOLDEN_FOLDER "/digits_logits.json");
    const auto json = nlohmann::json::parse(file);
    std::vector<Digit> all;
    for (const auto &from : json.at("images")) {
        Digit digit;
        from.at("file").get_to(digit.file);
        from.at("label").get_to(digit.label);
        from.at("predicted").get_to(digit.predicted);
        from.at("logits").get_to(digit.logits);
        all.push_back(std::move(digit));
    }
    return all;
}

// Every held-out image through the 8-bit input: PyTorch's label each time, and its logits within single
// precision.
TEST(Packages, DigitsAreReadAsPyTorchReadsThem) {
    constexpr double kBound = 6.4e-7;  // relative RMS over all logits; measured 2.13e-7
    const TestPackage &package = compiled({HARDNET_SOURCE "/models/digits.json",
                                           {32, 32},
                                           1,
                                           HARDNET_SOURCE "/tools/train/digits.safetensors"});
    ASSERT_EQ(package.error, "");
    const std::vector<Digit> all = digits();
    ASSERT_EQ(all.size(), 360u);
    for (const std::string &level : runnable_levels()) {
        SCOPED_TRACE(level);
        Session session(package, {level, 1, HARDNET_UINT8});
        ASSERT_EQ(session.status(), HARDNET_OK) << session.error();
        std::vector<float> found;
        std::vector<double> expected;
        int right = 0;
        for (const Digit &digit : all) {
            const Result<Image> image = read_image(HARDNET_SOURCE "/tools/train/digits/" + digit.file);
            ASSERT_TRUE(image) << image.error().what;
            ASSERT_EQ(image->rgb.size(), package.image_elems);
            std::copy(image->rgb.begin(), image->rgb.end(), session.input<uint8_t>());
            const std::vector<float> logits = session.run();
            ASSERT_EQ(logits.size(), digit.logits.size());
            const auto top = int(std::max_element(logits.begin(), logits.end()) - logits.begin());
            EXPECT_EQ(top, digit.predicted) << digit.file;
            right += top == digit.label;
            found.insert(found.end(), logits.begin(), logits.end());
            expected.insert(expected.end(), digit.logits.begin(), digit.logits.end());
        }
        EXPECT_GE(right, 353) << "of 360: 98 %";
        const double difference = compare(found, expected).relative_rms;
        EXPECT_LE(difference, kBound);
        RecordProperty("relative_rms_" + level, std::to_string(difference * 1e6) + "e-6");
    }
}

}  // namespace
}  // namespace hardnet::testing
