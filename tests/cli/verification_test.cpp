// What verify allows: as much as the network makes of float32's rounding, and no more.
#include "cli/verification.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "compiler/compile.h"
#include "reference/error_bound.h"
#include "reference/run_network.h"
#include "tests/cli/program.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

// A convolution and a classifier that reads its image whole, as VGG's does, without any norm.
Network small_network() {
    Network network;
    network.name = "small";
    network.input = {3, 8, 12};
    Layer conv;
    conv.name = conv.module = "conv";
    conv.reads = {{kNetworkInput, Role::kSource}};
    conv.window = Window::square(3, 2, 1);
    conv.in = network.input;
    conv.out = {16, 4, 6};
    conv.bias = true;
    conv.activation = Activation::kRelu;
    Layer classifier;
    classifier.op = OpKind::kFullyConnected;
    classifier.name = classifier.module = "classifier";
    classifier.reads = {{0, Role::kSource}};
    classifier.in = conv.out;
    classifier.out = {5, 1, 1};
    classifier.bias = true;
    network.layers = {conv, classifier};
    network.outputs = {{"logits", {1}}};
    network.classes = 5;
    return network;
}

class VerificationTest : public ProgramTest {
protected:
    void SetUp() override {
        ProgramTest::SetUp();
        setenv("HARDNET_CACHE", HARDNET_TEST_CACHE, 1);
        const Result<FoldedWeights> weights = fold(network_, seeded_checkpoint(network_, 1));
        ASSERT_TRUE(weights) << weights.error().what;
        weights_ = *weights;
    }

    void compile() {
        CompileOptions options;
        options.folder = folder_ + "/package";
        const auto report = compile_model({network_, weights_, "a test", {}}, options);
        ASSERT_TRUE(report) << report.error().what;
    }

    // Of what each logit is, but for one part in `times`: what remains has that many times the relative error.
    void cancel(double times) {
        const auto logits = run_network(network_, weights_, seeded_input(network_.input.elements(), 1));
        ASSERT_TRUE(logits) << logits.error().what;
        for (size_t c = 0; c < 5; c++)
            weights_.layers[1].bias.values[c] -= float(logits->back()[c] * (1 - 1 / times));
    }

    // Replaces part of the manifest, which the reference follows and the compiled code does not.
    template <typename Change>
    void edit_manifest(Change change) {
        const std::string path = folder_ + "/package/small.json";
        Json json = Json::parse(shell("cat '" + path + "'", folder_).out);
        change(json);
        write("package/small.json", json.dump());
    }

    Verification verify() {
        const auto loaded = LoadedPackage::load(folder_ + "/package", {1, "", nullptr});
        if (!loaded) {
            ADD_FAILURE() << loaded.error().what;
            return {};
        }
        VerifySettings settings;
        settings.per_layer = true;
        const Result<Verification> result = verify_package(**loaded, settings);
        if (!result) {
            ADD_FAILURE() << result.error().what;
            return {};
        }
        return *result;
    }

    const Network network_ = small_network();
    FoldedWeights weights_;
};

TEST_F(VerificationTest, WhatTheNetworkMakesOfRoundingIsNotTheKernels) {
    ASSERT_NO_FATAL_FAILURE(cancel(300));
    ASSERT_NO_FATAL_FAILURE(compile());
    const Verification result = verify();
    ASSERT_EQ(result.outputs.size(), 1u);
    EXPECT_GT(result.outputs[0].plain, 3e-6) << "else the test shows nothing";
    EXPECT_GT(result.outputs[0].difference.relative_rms, 3e-6);
    EXPECT_TRUE(result.holds());
    EXPECT_LT(result.layers[0].plain, 3e-7) << "the first layer loses no more than others";
}

TEST_F(VerificationTest, NothingOfThreeDigitsIsLeftToHold) {
    ASSERT_NO_FATAL_FAILURE(cancel(1e6));
    ASSERT_NO_FATAL_FAILURE(compile());
    const Verification result = verify();
    EXPECT_EQ(result.outputs[0].bound, 1e-3);
    EXPECT_FALSE(result.outputs[0].holds());
}

TEST_F(VerificationTest, AnotherActivationIsBroken) {
    ASSERT_NO_FATAL_FAILURE(compile());
    EXPECT_TRUE(verify().holds());
    edit_manifest([](Json &json) { json["graph"]["layers"][0]["activation"] = "none"; });
    const Verification result = verify();
    EXPECT_FALSE(result.layers[0].holds());
    EXPECT_FALSE(result.outputs[0].holds());
}

TEST_F(VerificationTest, RecordedErrorsOfLayersAddUp) {
    ASSERT_NO_FATAL_FAILURE(compile());
    const double plain = verify().outputs[0].bound;
    edit_manifest([](Json &json) {
        for (Json &layer : json["layers"]) layer["error"] = layer["layer"] == "conv" ? 2e-4 : 3e-4;
    });
    const Verification result = verify();
    EXPECT_DOUBLE_EQ(result.outputs[0].bound, plain + 5e-4);
    EXPECT_DOUBLE_EQ(result.layers[0].bound, error_bound(result.layers[0].plain, 2e-4, Precision::kFloat32));
}

TEST(ErrorBound, IsSomeTimesThePlainErrorUnderACeiling) {
    EXPECT_EQ(error_bound(1e-6, 0, Precision::kFloat32), 4e-6);
    EXPECT_EQ(error_bound(1e-6, 1e-4, Precision::kFloat32), 4e-6 + 1e-4);
    EXPECT_EQ(error_bound(0, 0, Precision::kFloat32), 4.0 / (1 << 24)) << "one rounding";
    EXPECT_EQ(error_bound(1e-3, 0, Precision::kFloat32), 1e-3);
    EXPECT_EQ(error_bound(1e-6, 1, Precision::kFloat32), 1e-3);
}

}  // namespace
}  // namespace hardnet
