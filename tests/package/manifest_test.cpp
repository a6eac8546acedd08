// The manifest's two directions, and every way in which a manifest or a package's folder can be wrong.
#include "package/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "models/records.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::MatchesRegex;

Manifest example() {
    Manifest m;
    m.name = "tiny";
    m.network = *build_network(builtin_records().front(), {200, 264});
    m.network.classes = 3;
    m.batch = 2;
    m.class_names = {"cat", "dog", "caf\xc3\xa9 \"noir\""};
    m.network.preprocessing.resize_short = 230;
    m.network.preprocessing.mean = {0.1f, 0.2f, 0.3f};
    m.weights_source = "seed:1";
    m.weights_hash = "0123456789abcdef";
    m.halide_version = "21.0.0";
    m.targets = {"x86-64-linux-avx2-fma"};
    m.levels = {{"avx2", "x86-64-linux-avx2-fma", 70, 123456, 1 << 24, 4096, int64_t{1} << 33, 77, 0}};
    m.layers = {{"base.0", "avx2", "direct", "16:16x7", 1e-6, 2e-6, 0.125},
                {"base.1", "avx2", "1x1", "", 0.25}};
    m.ranges.resize(m.network.layers.size());
    m.ranges[0] = {{-0.5f, 6}, {{2, std::vector<float>(16, 0.1f)}, {4, std::vector<float>(36, 7)}}};
    m.ranges[3] = {{0, 6}, {}, {{{0, 3}, {{2, std::vector<float>(16, 5)}}}}};
    m.ranges_source = "64 pictures";
    m.kept = {"base.1"};
    m.kept_int16 = {"base.0"};
    m.precision = m.layers[0].products = Precision::kInt8;
    return m;
}

// The error of reading `example()` after `change`, which must not read.
template <typename Change>
std::string error_after(Change change) {
    Json json = Json::parse(to_json(example()));
    change(json);
    const Result<Manifest> read = manifest_from_json(json.dump(), "m.json");
    EXPECT_FALSE(read) << json;
    return read ? "" : read.error().what;
}

std::string error_of(const std::string &text) {
    const Result<Manifest> read = manifest_from_json(text, "m.json");
    EXPECT_FALSE(read) << text.substr(0, 100);
    return read ? "" : read.error().what;
}

TEST(Manifest, survives_the_round_trip) {
    const Manifest m = example();
    const std::string text = to_json(m);
    EXPECT_EQ(text.back(), '\n');
    const Result<Manifest> read = manifest_from_json(text, "m.json");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(to_json(*read), text);
    EXPECT_EQ(read->class_names, m.class_names);
    EXPECT_TRUE(read->network.preprocessing == m.network.preprocessing);
    EXPECT_EQ(read->levels[0].packed_weight_bytes, int64_t{1} << 33);
    EXPECT_EQ(read->layers[1].error, 0.25);
    EXPECT_EQ(read->ranges, m.ranges);
    EXPECT_EQ(read->ranges_source, "64 pictures");
    EXPECT_EQ(read->layers[0].unit, 0.125);
    EXPECT_EQ(read->layers[0].measured, 2e-6);
    EXPECT_EQ(read->kept, m.kept);
    EXPECT_EQ(read->kept_int16, m.kept_int16);
    EXPECT_EQ(read->precision, Precision::kInt8);
    EXPECT_EQ(read->layers[0].products, Precision::kInt8);
    EXPECT_EQ(read->layers[1].unit, std::nullopt);
    EXPECT_EQ(read->network.layers.size(), m.network.layers.size());
    EXPECT_EQ(read->batch, 2);
}

TEST(Manifest, holds_any_number_of_planes) {
    ModelRecord record = builtin_records().front();
    for (const int planes : {1, 4, 64}) {
        record.input_planes = planes;
        record.preprocessing = usual_preprocessing(planes);
        record.preprocessing.mean.back() = 0.25f;
        Manifest m = example();
        m.network = *build_network(record, {200, 264});
        m.class_names.clear();
        const Result<Manifest> read = manifest_from_json(to_json(m), "m.json");
        ASSERT_TRUE(read) << read.error().what;
        EXPECT_EQ(read->planes(), planes);
        EXPECT_EQ(Json::parse(to_json(m))["input"]["planes"], planes);
        EXPECT_TRUE(read->network.preprocessing == record.preprocessing);
    }
}

TEST(Manifest, names_the_place_that_is_wrong) {
    EXPECT_THAT(
        error_after([](Json &j) { j["levels"][0]["kernels"] = "many"; }),
        MatchesRegex("m.json:[0-9]+:[0-9]+: levels/0/kernels: expected an integer from 0 to 2\\^63 - 1, "
                     "found \"many\""));
    EXPECT_THAT(error_after([](Json &j) { j["input"].erase("batch"); }),
                HasSubstr("input: expected the key batch, found none"));
    EXPECT_THAT(error_after([](Json &j) { j["input"]["height"] = 0; }),
                HasSubstr("input/height: expected an integer from 1 to 65536, found 0"));
    EXPECT_THAT(
        error_after([](Json &j) { j["levels"][0]["arena_bytes"] = UINT64_MAX; }),
        HasSubstr(
            "levels/0/arena_bytes: expected an integer from 0 to 2^63 - 1, found 18446744073709551615"));
    EXPECT_THAT(
        error_after([](Json &j) { j["ranges"][0]["least"] = 1; }),
        HasSubstr("ranges/0/least: expected finite numbers, \"least\" at most 0 and \"most\" at least 0"));
    EXPECT_THAT(error_after([](Json &j) { j["ranges"][1]["layer"] = "x"; }),
                HasSubstr("ranges/1/layer: expected a layer of the graph, found \"x\""));
    EXPECT_THAT(error_after([](Json &j) { j["ranges"][0]["transformed"][0]["m"] = 7; }),
                HasSubstr("ranges/0/transformed/0/m: expected an integer from 2 to 6, found 7"));
    EXPECT_THAT(error_after([](Json &j) { j["ranges"][0]["transformed"][0]["most"][3] = -1; }),
                HasSubstr("ranges/0/transformed/0/most: expected finite numbers from 0 on"));
    EXPECT_THAT(error_after([](Json &j) { j["ranges"][0]["transformed"][1]["most"].erase(0); }),
                HasSubstr("ranges/0/transformed/1/most: expected"));
    EXPECT_THAT(error_after([](Json &j) { j["ranges"][1]["behind_norm"]["most"] = -1; }),
                HasSubstr("ranges/1/behind_norm/least: expected finite numbers, \"least\" at most 0"));
    EXPECT_THAT(error_after([](Json &j) { j["layers"][0]["unit"] = 0; }),
                HasSubstr("layers/0/unit: expected a finite number above 0"));
    EXPECT_THAT(error_after([](Json &j) { j["layers"][0]["products"] = "int4"; }),
                HasSubstr("layers/0/products: precision: expected fp32, int16 or int8, found 'int4'"));
    EXPECT_THAT(error_after([](Json &j) { j["layers"][1]["error"] = -1; }),
                HasSubstr("layers/1/error: expected a number that is not negative"));
    EXPECT_THAT(error_after([](Json &j) {
                    j["preprocessing"]["deviation"] = {1, 0, 1};
                }),
                HasSubstr("preprocessing/deviation: expected numbers above 0, found 0.000000"));
    EXPECT_THAT(error_after([](Json &j) { j["class_names"] = {"cat"}; }),
                HasSubstr("class_names: expected none or 3, found 1"));
    EXPECT_THAT(error_after([](Json &j) { j.erase("graph"); }),
                HasSubstr("expected the key graph, found none"));
    EXPECT_THAT(error_after([](Json &j) { j["graph"]["layers"][1]["out"][0] = "x"; }),
                HasSubstr("graph/layers/1/out/0: expected an integer, found \"x\""));
    EXPECT_THAT(error_after([](Json &j) { j["input"]["width"] = 263; }),
                HasSubstr("input/height: expected the extents of the graph, 3x200x264, found 3x200x263"));
    EXPECT_THAT(error_after([](Json &j) { j["input"]["planes"] = 4; }),
                HasSubstr("input/height: expected the extents of the graph, 3x200x264, found 4x200x264"));
    EXPECT_THAT(error_after([](Json &j) { j["input"]["planes"] = 65; }),
                HasSubstr("input/planes: expected an integer from 1 to 64, found 65"));
    EXPECT_THAT(error_after([](Json &j) { j["preprocessing"]["mean"] = {0.5}; }),
                HasSubstr("preprocessing/mean: expected an array of 3 numbers, found one of 1"));
    EXPECT_THAT(error_after([](Json &j) {
                    j["targets"] = {"host", 7};
                }),
                HasSubstr("targets/1: expected a string, found 7"));
}

TEST(Manifest, refuses_unknown_keys_with_the_nearest) {
    EXPECT_THAT(error_after([](Json &j) { j["haldie_version"] = "x"; }),
                HasSubstr("found \"haldie_version\", did you mean halide_version?"));
    EXPECT_THAT(error_after([](Json &j) { j["levels"][0]["kernel"] = 3; }),
                HasSubstr("found \"kernel\", did you mean kernels?"));
}

TEST(Manifest, refuses_names_that_leave_the_folder) {
    for (const char *name : {"", "../evil", "a/b", "9lives", "sp ace", "verify", "d\xc3\xa9j\xc3\xa0"})
        EXPECT_THAT(error_after([&](Json &j) { j["name"] = name; }),
                    HasSubstr("name: expected a C identifier"));
    EXPECT_TRUE(is_package_name("hardnet68_224x224"));
    EXPECT_FALSE(is_package_name(std::string(65, 'a')));
}

// What fuzzing starts from has every member.
TEST(Manifest, reads_the_seed_of_its_fuzz_target) {
    std::ifstream file(HARDNET_SOURCE "/tests/fuzz/seeds/manifest/small.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const Result<Manifest> read = manifest_from_json(text, "small.json");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_FALSE(read->ranges.empty());
    EXPECT_FALSE(read->layers.back().launches.empty());
}

TEST(Manifest, refuses_another_format) {
    for (int format : {6, 8})
        EXPECT_THAT(error_after([&](Json &j) { j["format"] = format, j["new"] = 1; }),
                    HasSubstr("format: expected 7, found " + std::to_string(format) +
                              " (the package is of another version of hardnet: compile it again)"));
}

TEST(Manifest, refuses_what_is_no_json) {
    for (const std::string &text :
         {std::string(), std::string("{\n \"a\": ]}"), std::string("{\"a\": 1, \"a\": 2}"),
          std::string("{\"a\xff\": 1}"), std::string("{\"a\": \"\0\"}", 10),
          "{\"a\":" + std::string(1000000, '[')})
        EXPECT_THAT(error_of(text), MatchesRegex("m.json:[0-9]+:[0-9]+: expected [^\n]*, found [^\n]*"));
    EXPECT_THAT(error_of("[]"), HasSubstr("expected an object, found an array"));
}

class PackageFolder : public testing::Test {
protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "hardnet_package_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const std::string &name, const std::string &text) {
        std::ofstream(folder_ + "/" + name) << text;
    }
    std::string error() {
        const Result<Package> package = open_package(folder_);
        EXPECT_FALSE(package);
        return package ? "" : package.error().what;
    }
    std::string folder_;
};

TEST_F(PackageFolder, finds_the_manifest_beside_a_verification) {
    write("tiny.json", to_json(example()));
    write("verify.json", "{}");
    const Result<Package> package = open_package(folder_);
    ASSERT_TRUE(package) << package.error().what;
    EXPECT_EQ(package->manifest.name, "tiny");
    EXPECT_EQ(package->weights_path(), folder_ + "/tiny.safetensors");
    EXPECT_THAT(package->library_path(), testing::MatchesRegex(".*/lib/(x86_64|aarch64)-linux/libtiny\\.so"));
}

TEST_F(PackageFolder, refuses_a_renamed_manifest) {
    write("other.json", to_json(example()));
    EXPECT_EQ(error(), folder_ + "/other.json: expected the name \"other\", found \"tiny\"");
}

TEST_F(PackageFolder, refuses_none_and_several_manifests) {
    EXPECT_EQ(error(), folder_ + ": expected a package's manifest (NAME.json), found none");
    write("a.json", "{}");
    write("b.json", "{}");
    EXPECT_EQ(error(), folder_ + ": expected one package's manifest, found 2");
}

TEST_F(PackageFolder, refuses_what_is_no_folder) {
    folder_ += "/absent";
    EXPECT_EQ(error(), folder_ + ": expected a package's folder, found nothing there");
    std::ofstream(folder_) << "x";
    EXPECT_EQ(error(), folder_ + ": expected a package's folder, found a file");
}

}  // namespace
}  // namespace hardnet
