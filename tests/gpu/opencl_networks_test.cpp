// Networks compiled for OpenCL, on what this machine has of it, PoCL for one: every layer beside the reference operators, and
// the same bits whenever and wherever they run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "cli/verification.h"
#include "runtime/inspect.h"
#include "tests/networks/package.h"

namespace hardnet::testing {
namespace {

// Why there is no device; empty: there is.
std::string missing() {
    const hardnet_host host = hardnet_this_host();
    hardnet_device_info device;
    char why[320] = "a library without a device (apt-get install pocl-opencl-icd)";
    return hardnet_opencl_devices(&host, &device, 1, why, sizeof why) > 0 ? "" : why;
}

std::unique_ptr<LoadedPackage> load(const TestPackage &package) {
    LoadOptions options;
    options.device = "opencl";
    options.threads = 1;
    auto loaded = LoadedPackage::load(package.folder, options);
    if (loaded) return std::move(*loaded);
    ADD_FAILURE() << loaded.error().what;
    return nullptr;
}

PackageRequest of_opencl(const std::string &record, InputSize size, int batch = 1,
                         const std::string &weights = "seed:1") {
    return {record, size, batch, weights, "opencl"};
}
const PackageRequest kDigits = of_opencl(HARDNET_SOURCE "/models/digits.json", {32, 32}, 3,
                                         HARDNET_SOURCE "/tools/train/digits.safetensors");

class OpenclNetworks : public ::testing::TestWithParam<PackageRequest> {
protected:
    void SetUp() override {
        if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << "no OpenCL here: " << why;
    }
};

TEST_P(OpenclNetworks, AreNearTheReference) {
    constexpr double kMost = 5e-6;
    const TestPackage &package = compiled(GetParam());
    ASSERT_EQ(package.error, "");
    const auto loaded = load(package);
    ASSERT_TRUE(loaded);
    VerifySettings settings;
    settings.per_layer = true;
    const Result<Verification> verification = verify_package(*loaded, settings);
    ASSERT_TRUE(verification) << verification.error().what;
    EXPECT_EQ(verification->images, GetParam().batch > 1 ? 2 : 1);
    EXPECT_FALSE(verification->layers.empty());
    for (const auto &checks : {verification->outputs, verification->layers}) {
        for (const LayerCheck &check : checks) {
            EXPECT_TRUE(check.holds()) << check.layer << ": " << check.difference.relative_rms;
            EXPECT_LE(check.difference.relative_rms, kMost) << check.layer;
        }
    }
}

std::string name_of_network(const ::testing::TestParamInfo<PackageRequest> &info) {
    std::string name = label(info.param);
    name = name.substr(name.find_last_of('/', name.find_last_of('/') - 1) + 1);
    for (char &c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    }
    return name + "_" + std::to_string(info.param.batch);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, OpenclNetworks,
    ::testing::Values(kDigits, of_opencl("hardnet39ds", {40, 72}, 2),
                      of_opencl(HARDNET_SOURCE "/models/shapes_segmenter.json", {64, 96}, 1,
                                HARDNET_SOURCE "/tools/train/shapes_segmenter.safetensors"),
                      of_opencl("mobilenetv2", {96, 64})),
    name_of_network);

class OpenclDigits : public OpenclNetworks {};

std::vector<float> output_of(LoadedPackage &loaded, const std::vector<float> &input) {
    std::memcpy(loaded.input(0), input.data(), input.size() * sizeof(float));
    if (const Status status = loaded.run(); !status) ADD_FAILURE() << status.error().what;
    const float *out = loaded.output(0, 0);
    return {out, out + loaded.outputs()[0].elems * size_t(loaded.manifest().batch)};
}

// Images of a batch alike, several contexts and runs, on several threads.
TEST_P(OpenclDigits, GiveTheSameBits) {
    const TestPackage &package = compiled(GetParam());
    ASSERT_EQ(package.error, "");
    std::vector<float> input(package.image_elems * size_t(package.images));
    for (size_t i = 0; i < input.size(); i++)
        input[i] = float(int(i % package.image_elems * 37 % 101) - 50) / 25;
    const auto first = load(package);
    ASSERT_TRUE(first);
    const std::vector<float> expected = output_of(*first, input);
    const size_t classes = size_t(package.classes);
    for (size_t i = classes; i < expected.size(); i++) EXPECT_EQ(expected[i], expected[i % classes]) << i;
    EXPECT_TRUE(same_bits(output_of(*first, input), expected));
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; t++)
        threads.emplace_back([&] {
            const auto own = load(package);
            for (int run = 0; own && run < 3; run++) EXPECT_TRUE(same_bits(output_of(*own, input), expected));
        });
    for (std::thread &thread : threads) thread.join();
}

// Neither Halide nor OpenCL is linked.
TEST_P(OpenclDigits, NeedTheCLibraryAlone) {
    const TestPackage &package = compiled(GetParam());
    ASSERT_EQ(package.error, "");
    FILE *nm = popen(("nm -D --undefined-only '" + package.folder + "'/lib/*/*.so").c_str(), "r");
    ASSERT_TRUE(nm);
    std::string symbols;
    for (char line[512]; fgets(line, sizeof line, nm);) symbols += line;
    EXPECT_EQ(pclose(nm), 0);
    EXPECT_THAT(symbols, ::testing::Not(::testing::ContainsRegex("halide|U cl[A-Z]")));
}

INSTANTIATE_TEST_SUITE_P(Trained, OpenclDigits, ::testing::Values(kDigits), name_of_network);

}  // namespace
}  // namespace hardnet::testing
