// Packages that an application's build makes.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "cli/npy.h"
#include "tests/examples/workshop.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

constexpr char kCompiles[] = "Compiling the network hardnet68";

class BuildTime : public OnPlatform {
protected:
    void SetUp() override {
        OnPlatform::SetUp();
        if (IsSkipped()) return;
        ASSERT_EQ(shop().error(), "");
        fs::remove_all(folder());
    }
    std::string folder() { return shop().prefix() + ".build_time"; }

    // Configures with `definitions`, builds, and gives all that was said.
    std::string build(const std::string &definitions, const std::string &generator = "Ninja") {
        const Outcome outcome = shop().run(fmt::format(
            "export HARDNET_CACHE='{}/test-cache'; '{}' -S '{}/examples/build_time' -B '{}' -G '{}' {} "
            "-DCMAKE_PREFIX_PATH='{};{}' {} && '{}' --build '{}' 2>&1",
            HARDNET_BUILD_FOLDER, HARDNET_CMAKE, HARDNET_SOURCE_FOLDER, folder(), generator,
            GetParam().toolchain, shop().prefix(), shop().program(), definitions, HARDNET_CMAKE, folder()));
        EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        return outcome.out;
    }
    std::string weights() { return folder() + "/hardnet68/hardnet68.safetensors"; }
    std::string classified(const std::string &image) {
        return shop()
            .run(fmt::format("timeout -s KILL 300 {}'{}/classify' '{}' '{}'", GetParam().emulator, folder(),
                             weights(), image))
            .out;
    }
};

std::string image_in(const std::string &path) {
    const std::vector<float> values = seeded_input(3 * 64 * 64, 1);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char *>(values.data()), std::streamsize(values.size() * sizeof(float)));
    return path;
}

TEST_P(BuildTime, MakesAPackageOnceAndAgainWhenItsFilesChange) {
    const std::string copy = shop().prefix() + ".weights.safetensors";
    fs::copy_file(shop().weights("hardnet39ds"), copy, fs::copy_options::overwrite_existing);
    const std::string definitions = fmt::format("-DMODEL=hardnet39ds -DINPUT=64x64 -DWEIGHTS='{}'", copy);
    EXPECT_THAT(build(definitions), HasSubstr(kCompiles));
    // The package "hardnet68" is the same network, compiled by hand.
    const std::string image = image_in(shop().prefix() + ".image.f32");
    const std::string found = classified(image);
    EXPECT_THAT(found, ::testing::StartsWith("class "));
    if (GetParam().emulator.empty()) {
        const std::string by_hand = shop().build("", "classify");
        EXPECT_EQ(found,
                  shop().run("'" + by_hand + "' '" + shop().weights("hardnet68") + "' '" + image + "'").out);
    }
    EXPECT_THAT(build(definitions), HasSubstr("no work to do"));

    std::fstream file(copy, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(-4, std::ios::end);  // a weight
    const float other = 0.25f;
    file.write(reinterpret_cast<const char *>(&other), sizeof other);
    file.close();
    EXPECT_THAT(build(definitions), HasSubstr(kCompiles));
    EXPECT_NE(shop().run("cmp '" + weights() + "' '" + shop().weights("hardnet68") + "'").code, 0);
    EXPECT_THAT(build(definitions), HasSubstr("no work to do"));
}

TEST_P(BuildTime, MakesAPackageAgainWhenAFlagChanges) {
    const std::string common = "-DMODEL=hardnet39ds -DWEIGHTS=seed:1 ";
    for (const std::string generator : {"Ninja", "Unix Makefiles"}) {
        if (generator != "Ninja" && std::system("command -v make >/dev/null 2>&1") != 0) {
            std::puts("skipped: make is not installed");
            continue;
        }
        fs::remove_all(folder());
        EXPECT_THAT(build(common + "-DINPUT=64x64", generator), HasSubstr(kCompiles)) << generator;
        EXPECT_THAT(build(common + "-DINPUT=64x64", generator), Not(HasSubstr(kCompiles))) << generator;
        EXPECT_THAT(build(common + "-DINPUT=64x96", generator), HasSubstr(kCompiles)) << generator;
        const Outcome wide = shop().run("grep '_WIDTH 96$' '" + folder() + "/hardnet68/hardnet68.h'");
        EXPECT_EQ(wide.code, 0) << generator;
        if (!GetParam().emulator.empty()) break;  // once is enough for the other platform
    }
}

TEST_P(BuildTime, RefusesWhatItDoesNotKnow) {
    const std::string app = folder() + ".app";
    fs::create_directories(app);
    const auto error_of = [&](const std::string &call) {
        std::ofstream(app + "/CMakeLists.txt") << "cmake_minimum_required(VERSION 3.22)\nproject(app C)\n"
                                                  "find_package(hardnet REQUIRED)\n"
                                               << call;
        return shop()
            .run(fmt::format("'{}' -S '{}' -B '{}/build' -G Ninja {} -DCMAKE_PREFIX_PATH='{};{}'",
                             HARDNET_CMAKE, app, app, GetParam().toolchain, shop().prefix(),
                             shop().program()))
            .err;
    };
    EXPECT_THAT(error_of("hardnet_add_package(net WEIGHTS seed:1)"),
                HasSubstr("hardnet_add_package(net): expected MODEL, found none"));
    EXPECT_THAT(error_of("hardnet_add_package(net MODEL hardnet68 SIZE 64x64)"),
                HasSubstr("found SIZE 64x64"));
}

INSTANTIATE_TEST_SUITE_P(Platforms, BuildTime, ::testing::Values(native(), arm64()),
                         [](const auto &info) { return info.param.name; });

}  // namespace
}  // namespace hardnet::testing
