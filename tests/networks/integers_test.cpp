// Small networks in int16 and int8 beside the reference: what is multiplied behind a norm, by whatever algorithm and in
// however many rows, and by transposed convolutions; the same bits for any number of threads.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/compile.h"
#include "models/layer_list.h"
#include "package/manifest.h"
#include "reference/compare.h"
#include "reference/run_network.h"
#include "schedules/machine.h"
#include "tests/networks/package.h"

namespace hardnet::testing {
namespace {

Network network_of(const std::string &name, LayerList &list) {
    Network network;
    network.name = name;
    network.input = {3, 40, 40};
    network.classes = list.shape(list.last()).channels;
    network.outputs = {{"out", {list.last()}}};
    network.layers = list.take();
    return network;
}

ConvSpec relu(int channels, int kernel, int stride = 1) {
    return {channels, kernel, stride, Activation::kRelu};
}

// Norms in front of 1x1s of many and of few rows and of 3x3s, by Winograd at 20x20 and directly of small images.
Network behind_norms() {
    LayerList list({3, 40, 40});
    std::vector<int> stack{list.conv(conv_names("stem"), {kNetworkInput}, relu(24, 3, 2))};
    stack.push_back(list.norm_conv("wide", stack, 14, 3));
    stack.push_back(list.norm_conv("narrow", stack, 22, 1));
    const int half = list.average_pool("half", list.norm_conv("all", stack, 46, 1), 2, 2, 0);
    const int few = list.norm_conv("few", {half}, 30, 1);
    const int quarter = list.max_pool("quarter", few, 2, 2, 0),
              tiny = list.max_pool("tiny", quarter, 3, 3, 0);
    list.norm_conv("last", {tiny}, 19, 3);
    return network_of("behind_norms", list);
}

Network transposed() {
    LayerList list({3, 40, 40});
    const int stem = list.conv(conv_names("stem"), {kNetworkInput}, relu(16, 3, 2));
    const int a = list.conv(conv_names("a"), {stem}, relu(22, 3, 2)),
              b = list.conv(conv_names("b"), {a}, relu(9, 1));
    const int up = list.transposed_conv("up", {a, b}, 20, stem);
    list.conv(conv_names("head"), {up, stem}, {10, 1});
    return network_of("transposed", list);
}

const std::vector<Network> &integer_networks() {
    static const std::vector<Network> all = {behind_norms(), transposed()};
    return all;
}

// What the reference's layers hold, and behind norms as much as these can make of it.
Ranges seen_by(const Network &network, const FoldedWeights &weights,
               const std::vector<std::vector<double>> &layers) {
    Ranges ranges;
    for (size_t l = 0; l < layers.size(); l++) {
        const auto [least, most] = std::minmax_element(layers[l].begin(), layers[l].end());
        TensorRange range{{float(std::min(0.0, *least)), float(std::max(0.0, *most))}};
        float behind = 0;
        size_t c = 0;
        for (int source : network.layers[l].sources()) {
            if (network.layers[l].front_norm.empty()) break;
            const std::vector<double> &values = layers[size_t(source)];
            const size_t channels = size_t(network.layers[size_t(source)].out.channels);
            for (size_t i = 0; i < values.size(); i++) {
                const size_t of = c + i / (values.size() / channels);
                behind = std::max(behind, float(values[i]) * weights.layers[l].front_scale.values[of] +
                                              weights.layers[l].front_shift.values[of]);
            }
            c += channels;
        }
        if (c) range.behind_norm = {TensorRange{{0, behind}}};
        ranges.push_back(range);
    }
    return ranges;
}

struct IntegerPackage {
    IntegerPackage(const Network &network, Precision precision) : model{network, {}, "seed:1", {}} {
        setenv("HARDNET_CACHE", HARDNET_TEST_CACHE, 0);
        model.weights = *fold(network, seeded_checkpoint(network, 1));
        input = seeded_input(network.input.elements(), 1);
        expected = *run_network(network, model.weights, input);
        CompileOptions options;
        options.precision = name_of(precision);
        options.name = network.name + "_" + options.precision;
        options.folder = std::string(HARDNET_TEST_PACKAGES) + "/integers/" + options.name;
        options.calibrate = [&](const Model &, const auto &) -> Result<Calibration> {
            return Calibration{seen_by(network, model.weights, expected), "a random input"};
        };
        const Result<CompileReport> report = compile_model(model, options);
        EXPECT_TRUE(report) << (report ? "" : report.error().what);
        const Result<Package> opened = open_package(options.folder);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().what);
        if (!opened) return;
        manifest = opened->manifest;
        void *library = dlopen(opened->library_path().c_str(), RTLD_NOW | RTLD_LOCAL);  // stays to the end
        package.network = static_cast<const hardnet_network *>(dlsym(library, options.name.c_str()));
        package.weights_path = opened->weights_path();
    }

    std::vector<float> run(const std::string &level, int threads) const {
        Session session(package, {level, threads});
        if (session.status() != HARDNET_OK) return {};
        std::copy(input.begin(), input.end(), session.input<float>());
        session.run();
        return session.output(0);
    }

    Model model;
    std::vector<float> input;
    std::vector<std::vector<double>> expected;
    Manifest manifest;
    TestPackage package;
};

void check_integers(const Network &network, Precision precision, double most) {
    const IntegerPackage of(network, precision);
    ASSERT_TRUE(of.package.network);
    for (const LevelInfo &level : of.manifest.levels) {
        SCOPED_TRACE(network.name + " " + name_of(precision) + " at " + level.name);
        const Machine machine = machines_for({level.name}, precision)->front();
        int rounded = 0, int8 = 0;
        for (const LayerInfo &layer : of.manifest.layers) {
            if (layer.level != level.name) continue;
            rounded += layer.products != Precision::kFloat32;
            int8 += layer.products == Precision::kInt8;
        }
        EXPECT_GE(rounded, int(network.layers.size()) / 2);
        EXPECT_EQ(int8 > 0, precision == Precision::kInt8 && machine.dot_factor.has_value());
        const std::vector<float> one = of.run(level.name, 1);
        ASSERT_EQ(one.size(), of.expected.back().size());
        EXPECT_LE(compare(one, of.expected.back()).relative_rms, most);
        EXPECT_GT(compare(one, of.expected.back()).relative_rms, 1e-5) << "of what is rounded";
        for (int threads : {2, 3, 5}) EXPECT_TRUE(same_bits(of.run(level.name, threads), one)) << threads;
    }
}

TEST(Integers, Int16IsNearTheReference) {
    for (const Network &network : integer_networks()) check_integers(network, Precision::kInt16, 3e-3);
}

TEST(Integers, Int8IsNearTheReference) {
    for (const Network &network : integer_networks()) check_integers(network, Precision::kInt8, 4e-2);
}

}  // namespace
}  // namespace hardnet::testing
