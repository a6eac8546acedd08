// From a .pth to logits through the compiler: what the checkpoint says reaches the package and the run.
#include <gmock/gmock.h>

#include "cli/npy.h"
#include "package/manifest.h"
#include "reference/compare.h"
#include "tests/cli/program.h"
#include "tests/import/checkpoints.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr double kLogitsBound = 3e-6;  // relative RMS, of every network

class Compiled : public ProgramTest {
protected:
    Outcome run(const std::string &arguments) {
        return shell(std::string("HARDNET_CACHE='") + HARDNET_TEST_CACHE + "' $H " + arguments, folder_);
    }
    void compile(const std::string &model, const std::string &weights, const std::string &more = "") {
        const Outcome outcome = run("compile " + model + " --weights " + weights + " -o package " + more);
        ASSERT_EQ(outcome.code, 0) << outcome.err;
    }
    std::vector<float> logits(int height, int width) {
        NpyTensor input{{1, 3, height, width}, seeded_input(int64_t{3} * height * width, 1)};
        EXPECT_TRUE(write_npy(folder_ + "/in.npy", input));
        const Outcome outcome = run("run package --tensor in.npy -o out.npy");
        EXPECT_EQ(outcome.code, 0) << outcome.err;
        const auto out = read_npy(folder_ + "/out.npy");
        return out ? out->values : std::vector<float>();
    }
};

TEST_F(Compiled, PthFilesGivePytorchsLogits) {
    SKIP_WITHOUT_TORCH();
    for (const auto &[file, record, arrangement] : {std::tuple("authors_zip", "small", "authors"),
                                                    {"small_pytorchcv_zip", "small", "pytorchcv"},
                                                    {"small_pytorchcv_legacy", "small", "pytorchcv"},
                                                    {"small_ds_pytorchcv_zip", "small_ds", "pytorchcv"}}) {
        compile(checkpoint_path(std::string(record) + ".json"), checkpoint_path(std::string(file) + ".pth"));
        const auto difference = compare(logits(32, 32), golden_logits(record, arrangement));
        EXPECT_LT(difference.relative_rms, kLogitsBound) << file;
        RecordProperty(file, std::to_string(difference.relative_rms));
    }
}

TEST_F(Compiled, TheManifestKeepsWhatTheCheckpointSays) {
    SKIP_WITHOUT_TORCH();
    const std::string model = checkpoint_path("small.json");
    write("names.txt", "ant\nbee\ncat\ndog\neel\n");
    const Outcome imported =
        run("import " + checkpoint_path("small_pytorchcv_legacy.pth") + " --model " + model +
            " -o small.safetensors --class-names names.txt --resize-short 40 "
            "--mean 0.5,0.25,0.125 --deviation 1,2,4");
    ASSERT_EQ(imported.code, 0) << imported.err;
    EXPECT_THAT(imported.err, HasSubstr("note: activation: relu inside blocks and relu6 outside, as the "
                                        "checkpoint says, not small's relu6\n"));
    compile(model, "small.safetensors");
    const Result<Package> package = open_package(folder_ + "/package");
    ASSERT_TRUE(package) << package.error().what;
    const Manifest &manifest = package->manifest;
    EXPECT_THAT(manifest.class_names, ElementsAre("ant", "bee", "cat", "dog", "eel"));
    EXPECT_EQ(manifest.network.preprocessing.resize_short, 40);
    EXPECT_THAT(manifest.network.preprocessing.mean, ElementsAre(0.5f, 0.25f, 0.125f));
    EXPECT_THAT(manifest.network.preprocessing.deviation, ElementsAre(1, 2, 4));
    for (const Layer &layer : manifest.network.layers) {
        if (layer.op != OpKind::kConv) continue;
        const bool in_block = layer.name.find(".layers.") != std::string::npos;
        EXPECT_EQ(layer.activation, in_block ? Activation::kRelu : Activation::kRelu6) << layer.name;
    }
    EXPECT_LT(compare(logits(32, 32), golden_logits("small", "pytorchcv")).relative_rms, kLogitsBound);

    const std::string picture = std::string(HARDNET_TEST_DATA) + "/flower.jpg";
    EXPECT_THAT(run("run package " + picture + " --top 1").out,
                ::testing::MatchesRegex(".*(ant|bee|cat|dog|eel).*\n"));
    const Outcome verified = run("verify package");  // the reference follows the record's activations, too
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

TEST_F(Compiled, WishesThatDoNotFitAreRefused) {
    SKIP_WITHOUT_TORCH();
    write("names.txt", "ant\nbee\n");
    const std::string import = "import " + checkpoint_path("authors_zip.pth") + " --model " +
                               checkpoint_path("small.json") + " -o out.safetensors ";
    expect_error(import + "--class-names names.txt", 3,
                 "hardnet: class names: expected 5, one per row of the head, found 2\n");
    expect_error(import + "--deviation 1,0,1", 3,
                 "hardnet: preprocessing/deviation: expected 1e-06 to 1000, found 0\n");
    expect_error("import --mean 0.5" + import.substr(6), 3,  // a number takes no argument behind it
                 "hardnet: preprocessing/mean: expected 3, one per input plane, found 1\n");
}

// Whole networks under pytorchcv's names, made where the test runs: 14 and 70 MB.
class WholeNetwork : public Compiled, public ::testing::WithParamInterface<std::pair<const char *, int>> {};

TEST_P(WholeNetwork, OfPytorchcvGivesPytorchsLogits) {
    SKIP_WITHOUT_TORCH();
    const auto &[name, width] = GetParam();
    const std::string size = "96x" + std::to_string(width);
    const Outcome made =
        shell(std::string("python3=/usr/bin/python3; $python3 -c 'import torch' 2>/dev/null || "
                          "python3=python3; $python3 '") +
                  HARDNET_MAKE_CHECKPOINTS + "' " + name + " " + size + " net.pth",
              folder_);
    ASSERT_EQ(made.code, 0) << made.err;
    const std::vector<double> expected = nlohmann::json::parse(made.out);
    compile(name, "net.pth", "--input " + size + " --target host");
    EXPECT_LT(compare(logits(96, width), expected).relative_rms, kLogitsBound);
}

INSTANTIATE_TEST_SUITE_P(Networks, WholeNetwork,
                         ::testing::Values(std::pair("hardnet39ds", 64), std::pair("hardnet68", 64)),
                         [](const auto &info) { return std::string(info.param.first); });

}  // namespace
}  // namespace hardnet::testing
