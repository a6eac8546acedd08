// The examples, built and run.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "cli/npy.h"
#include "tests/examples/workshop.h"
#include "vision/pictures/images.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Example : public OnPlatform {
protected:
    Outcome run(const std::string &program, const std::string &arguments) {
        // An emulator that hangs ignores milder signals.
        return shop().run("timeout -s KILL 300 " + GetParam().emulator + "'" + program + "' " + arguments);
    }
    // What the program `hardnet` makes of the input on this machine.
    std::vector<float> expected(const std::string &package, const NpyTensor &input) {
        const std::string in = shop().prefix() + ".in.npy", out = shop().prefix() + ".out.npy";
        EXPECT_TRUE(write_npy(in, input));
        const Outcome outcome =
            shop().run("$H run '" + shop().package(package) + "' --tensor '" + in + "' -o '" + out + "'");
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        const auto logits = read_npy(out);
        return logits ? logits->values : std::vector<float>();
    }
    // Other instructions round otherwise.
    float tolerance() const { return GetParam().emulator.empty() ? 0 : 1e-4f; }
};

struct Best {
    int index = -1;
    float logit = 0;
};

Best best_of(const std::vector<float> &logits) {
    if (logits.empty()) return {};
    const auto best = std::max_element(logits.begin(), logits.end());
    return {int(best - logits.begin()), *best};
}

TEST_P(Example, ClassifiesInC) {
    const std::string program = shop().build("", "classify");
    ASSERT_NE(program, "");
    const NpyTensor input{{1, 3, 64, 64}, seeded_input(3 * 64 * 64, 1)};
    const std::string image = shop().prefix() + ".image.f32";
    std::ofstream(image, std::ios::binary)
        .write(reinterpret_cast<const char *>(input.values.data()),
               std::streamsize(input.values.size() * sizeof(float)));
    const Outcome outcome = run(program, "'" + shop().weights("hardnet68") + "' '" + image + "'");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Best best = best_of(expected("hardnet68", input));
    Best found;
    ASSERT_EQ(std::sscanf(outcome.out.c_str(), "class %d %f", &found.index, &found.logit), 2) << outcome.out;
    EXPECT_EQ(found.index, best.index);
    EXPECT_NEAR(found.logit, best.logit, 1e-4);  // printed with four digits behind the point
}

void write_ppm(const std::string &path, const Image &image) {
    std::ofstream file(path, std::ios::binary);
    file << "P6\n" << image.width << ' ' << image.height << "\n255\n";
    file.write(reinterpret_cast<const char *>(image.rgb.data()), std::streamsize(image.rgb.size()));
}

TEST_P(Example, ReadsEveryHeldOutDigitInCpp) {
    const std::string program = shop().build("cpp", "digits");
    ASSERT_NE(program, "");
    const std::string pictures = shop().prefix() + ".pictures";
    std::filesystem::create_directories(pictures);
    int count = 0;
    for (const auto &entry :
         std::filesystem::directory_iterator(HARDNET_SOURCE_FOLDER "/tools/train/digits")) {
        const Result<Image> image = read_image(entry.path());
        ASSERT_TRUE(image) << image.error().what;
        write_ppm(pictures + "/" + entry.path().stem().string() + ".ppm", *image);
        count++;
    }
    const Outcome outcome = run(program, "'" + shop().weights("hardnet_digits") + "' " + pictures + "/*.ppm");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::istringstream lines(outcome.out);
    int right = 0;
    for (std::string line; std::getline(lines, line);) {
        const char label = line[pictures.size() + 1];
        right += line.back() == label;
    }
    EXPECT_EQ(count, 360);
    EXPECT_EQ(right, 360);  // as in PyTorch

    const Outcome wrong = run(program, "'" + shop().weights("hardnet39ds") + "' none.ppm");
    EXPECT_EQ(wrong.code, 1);
    EXPECT_THAT(wrong.err, StartsWith("digits: status 3: "));
}

struct NamedBox {
    char name[32] = "";
    float left = 0, top = 0, right = 0, bottom = 0;
};

// From lines that end in a name and four numbers behind something that `format` passes over.
std::vector<NamedBox> boxes_in(const std::string &text, const char *format) {
    std::vector<NamedBox> boxes;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        NamedBox b;
        if (std::sscanf(line.c_str(), format, b.name, &b.left, &b.top, &b.right, &b.bottom) == 5)
            boxes.push_back(b);
    }
    return boxes;
}

// The same boxes as the program's, and the picture with them drawn in.
TEST_P(Example, DetectsInC) {
    const std::string program = shop().build("detect", "detect");
    ASSERT_NE(program, "");
    const std::string picture = HARDNET_SOURCE_FOLDER "/tests/data/shapes/pictures/00.png";
    const Result<Image> image = read_image(picture);
    ASSERT_TRUE(image) << image.error().what;
    const std::string in = shop().prefix() + ".in.ppm", out = shop().prefix() + ".out.ppm";
    write_ppm(in, *image);
    const Outcome outcome =
        run(program, "'" + shop().weights("shapes_detector") + "' '" + in + "' '" + out + "'");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Outcome expected =
        shop().run("$H run '" + shop().package("shapes_detector") + "' '" + picture + "'");
    const std::vector<NamedBox> found = boxes_in(outcome.out, "%31s %*f %f %f %f %f"),
                                wanted = boxes_in(expected.out, "%*f %% %31s %f %f %f %f");
    ASSERT_EQ(found.size(), wanted.size());
    EXPECT_EQ(found.size(), 3u);
    const float bound = tolerance() == 0 ? 0 : 0.11f;  // printed with one digit behind the point
    for (size_t i = 0; i < found.size(); i++) {
        EXPECT_STREQ(found[i].name, wanted[i].name);
        EXPECT_NEAR(found[i].left, wanted[i].left, bound);
        EXPECT_NEAR(found[i].top, wanted[i].top, bound);
        EXPECT_NEAR(found[i].right, wanted[i].right, bound);
        EXPECT_NEAR(found[i].bottom, wanted[i].bottom, bound);
    }
    EXPECT_EQ(std::filesystem::file_size(out), std::filesystem::file_size(in));
    EXPECT_NE(shop().run("cmp '" + in + "' '" + out + "'").code, 0) << "nothing was drawn";
}

TEST_P(Example, RunsSeveralNetworksInOneProgram) {
    const std::string program = shop().build("several_networks", "several_networks");
    ASSERT_NE(program, "");
    std::string arguments;
    for (const char *name : {"hardnet39ds", "hardnet39ds_wide", "hardnet_digits"})
        arguments += "'" + shop().weights(name) + "' ";
    const Outcome outcome = run(program, arguments);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::istringstream lines(outcome.out);
    for (int round = 0; round < 2; round++) {
        for (const auto &[name, height, width] :
             {std::tuple("hardnet39ds", 64, 64), {"hardnet39ds_wide", 64, 96}, {"hardnet_digits", 32, 32}}) {
            NpyTensor input{{1, 3, height, width}, std::vector<float>(size_t(3) * height * width)};
            for (size_t i = 0; i < input.values.size(); i++) input.values[i] = float(i % 256) / 128 - 1;
            const Best best = best_of(expected(name, input));
            std::string line;
            ASSERT_TRUE(std::getline(lines, line));
            Best found;
            const std::string format = std::string(name) + " %*dx%*d: class %d, logit %f";
            ASSERT_EQ(std::sscanf(line.c_str(), format.c_str(), &found.index, &found.logit), 2) << line;
            EXPECT_EQ(found.index, best.index) << line;
            EXPECT_LE(std::abs(found.logit - best.logit), tolerance()) << line;
        }
    }
}

TEST_P(Example, LendsMemoryAndThreads) {
    const std::string program = shop().build("hooks", "hooks");
    ASSERT_NE(program, "");
    const Outcome outcome = run(program, "'" + shop().weights("hardnet_digits") + "'");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out,
                ::testing::MatchesRegex("the same bits; [0-9]+ calls of the task runner, [0-9]+ tasks; "
                                        "0 allocations left\n"));
}

TEST_P(Example, NeedsNoFileForItsWeights) {
    const std::string program = shop().build("weights_in_memory", "weights_in_memory");
    ASSERT_NE(program, "");
    const Outcome outcome = run(program, "");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("\nread as 3\n"));
}

// By the stand-in for CUDA's driver, which interprets the kernels.
TEST_P(Example, ClassifiesWhatLiesOnADevice) {
    if (!GetParam().emulator.empty()) GTEST_SKIP() << "the stand-in for CUDA's driver is this machine's own";
    if (std::system("command -v nvcc /usr/local/cuda/bin/nvcc >/dev/null") != 0)
        GTEST_SKIP() << "not installed: CUDA's toolkit";
    const std::string program = shop().build("device", "on_device");
    ASSERT_NE(program, "");
    const NpyTensor input{{1, 3, 32, 32}, seeded_input(3 * 32 * 32, 1)};
    const std::string frame = shop().prefix() + ".frame.f32";
    std::ofstream(frame, std::ios::binary)
        .write(reinterpret_cast<const char *>(input.values.data()),
               std::streamsize(input.values.size() * sizeof(float)));
    const Best best = best_of(expected("hardnet_digits", input));
    const std::string words = fmt::format(" '{}' '{}'", shop().weights("hardnet_digits"), frame);
    const std::string driver = "LD_LIBRARY_PATH='" HARDNET_BUILD_FOLDER "/tests/gpu/interpreting' ";

    const Outcome one = shop().run(driver + "'" + program + "'" + words);
    ASSERT_EQ(one.code, 0) << one.err;
    Best found;
    ASSERT_EQ(std::sscanf(one.out.c_str(), "class %d %f", &found.index, &found.logit), 2) << one.out;
    EXPECT_EQ(found.index, best.index);
    EXPECT_NEAR(found.logit, best.logit, 1e-4);

    const std::string two = std::filesystem::path(program).replace_filename("two_streams");
    const std::string more = " '" + frame + "' '" + frame + "'";
    const Outcome three = shop().run(driver + "'" + two + "'" + words + more);
    ASSERT_EQ(three.code, 0) << three.err;
    const std::string line = frame + ": " + std::to_string(best.index) + "\n";
    EXPECT_EQ(three.out, line + line + line);
}

INSTANTIATE_TEST_SUITE_P(Platforms, Example, ::testing::Values(native(), arm64()),
                         [](const auto &info) { return info.param.name; });

}  // namespace
}  // namespace hardnet::testing
