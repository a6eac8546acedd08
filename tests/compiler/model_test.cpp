// Networks that no record describes, from a graph to a package that computes what the reference operators do.
#include "package/loaded_package.h"
#include "reference/compare.h"
#include "reference/run_network.h"
#include "tests/compiler/packages.h"

namespace hardnet::testing {
namespace {

Layer conv(const Network &network, const std::string &name, int source, int channels, int stride) {
    Layer layer;
    layer.name = layer.module = name;
    layer.reads = {{source, Role::kSource}};
    layer.in = source == kNetworkInput ? network.input : network.layers[size_t(source)].out;
    layer.window = Window::square(3, stride, 1);
    layer.out = {channels, layer.window.y.outputs(layer.in.height), layer.window.x.outputs(layer.in.width)};
    layer.bias = true;
    layer.activation = Activation::kRelu;
    return layer;
}

Layer product(const Network &network, const std::string &name, int source, int operand) {
    Layer layer;
    layer.name = name;
    layer.op = OpKind::kMultiply;
    layer.reads = {{source, Role::kSource}, {operand, Role::kOperand}};
    layer.in = layer.out = network.layers[size_t(source)].out;
    return layer;
}

// A tensor gated by another, read by a convolution; and a square, which is an output. No extent is a multiple of 8.
Network gated() {
    Network network;
    network.name = "gated";
    network.input = {3, 37, 29};
    std::vector<Layer> &layers = network.layers;
    layers.push_back(conv(network, "stem", kNetworkInput, 20, 2));
    layers.push_back(conv(network, "gate", 0, 20, 1));
    layers.push_back(product(network, "gated", 0, 1));
    layers.push_back(conv(network, "behind", 2, 12, 1));
    layers.push_back(product(network, "square", 3, 3));
    network.outputs = {{"square", {4}}, {"gated", {2}}};
    network.classes = 12;
    return network;
}

class Models : public Packages {};

TEST_F(Models, AProductIsTheReferencesOnEveryLevel) {
    const Network network = gated();
    Result<FoldedWeights> weights = fold(network, seeded_checkpoint(network, 1));
    ASSERT_TRUE(weights) << weights.error().what;
    const std::vector<float> image = seeded_input(network.input.elements(), 1);
    const auto expected = run_network(network, *weights, image);
    ASSERT_TRUE(expected) << expected.error().what;

    CompileOptions options;
    options.folder = (folder_ / "gated").string();
    const auto report = compile_model({network, *weights, "seed:1", {}}, options);
    ASSERT_TRUE(report) << report.error().what;
    const Result<Package> package = open_package(options.folder);
    ASSERT_TRUE(package) << package.error().what;
    int levels = 0;
    for (const LevelInfo &level : package->manifest.levels) {
        for (int threads : {1, 2}) {
            const auto loaded = LoadedPackage::load(options.folder, {threads, level.name, nullptr});
            if (!loaded) {
                std::cout << level.name << " skipped: " << loaded.error().what << "\n";
                continue;
            }
            levels++;
            std::copy(image.begin(), image.end(), (*loaded)->input(0));
            ASSERT_TRUE((*loaded)->run());
            for (size_t i = 0; i < network.outputs.size(); i++) {
                const size_t layer = size_t(network.outputs[i].layers[0]);
                EXPECT_LE(compare((*loaded)->output_values(i, 0), (*expected)[layer]).relative_rms, 1e-6)
                    << network.outputs[i].name << " on " << level.name;
            }
        }
    }
    EXPECT_GT(levels, 0);
}

TEST_F(Models, WhatNoKernelComputesIsRefusedByName) {
    Network network = gated();
    network.layers[4].reads.insert(network.layers[4].reads.begin(), {2, Role::kSource});
    network.layers[4].in.channels = 32;
    CompileOptions options;
    options.folder = (folder_ / "gated").string();
    const Network seedable = gated();
    const auto weights = fold(seedable, seeded_checkpoint(seedable, 1));
    const auto report = compile_model({network, *weights, "seed:1", {}}, options);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().what, "square: expected a single source, found product");
    EXPECT_FALSE(fs::exists(options.folder));
}

}  // namespace
}  // namespace hardnet::testing
