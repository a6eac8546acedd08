// Networks that no record describes, from a graph to a package that computes what the reference operators do.
#include <cmath>

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

// Of any kernel that keeps extents, but for the image's, which are halved.
Layer conv_of(const Network &network, const std::string &name, int source, int channels, int kernel,
              Activation activation) {
    Layer layer = conv(network, name, source, channels, source == kNetworkInput ? 2 : 1);
    if (kernel == 1) layer.window = Window{};
    layer.activation = activation;
    return layer;
}

Layer same_shape(const Network &network, const std::string &name, OpKind op, std::vector<Read> reads,
                 Activation activation) {
    Layer layer;
    layer.name = name;
    if (traits_of(op).weights != Weights::kNone) layer.module = name;
    layer.op = op;
    layer.in = layer.out = network.layers[size_t(reads[0].layer)].out;
    layer.reads = std::move(reads);
    layer.activation = activation;
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
    layers.push_back(same_shape(network, "gated", OpKind::kMultiply,
                                {{0, Role::kSource}, {1, Role::kOperand}}, Activation::kNone));
    layers.push_back(conv(network, "behind", 2, 12, 1));
    layers.push_back(same_shape(network, "square", OpKind::kMultiply,
                                {{3, Role::kSource}, {3, Role::kOperand}}, Activation::kNone));
    network.outputs = {{"square", {4}}, {"gated", {2}}};
    network.classes = 12;
    return network;
}

// Squeeze and excitation: a mean, two 1x1 convolutions of one pixel, and a factor for each channel of the image. Every
// activation, in convolutions by each algorithm and as layers.
Network squeezed() {
    Network network;
    network.name = "squeezed";
    network.input = {3, 37, 29};
    std::vector<Layer> &layers = network.layers;
    const auto add_conv = [&](const char *name, int source, int channels, int kernel, Activation activation) {
        layers.push_back(conv_of(network, name, source, channels, kernel, activation));
    };
    const auto add = [&](const char *name, OpKind op, std::vector<Read> reads, Activation activation) {
        layers.push_back(same_shape(network, name, op, std::move(reads), activation));
    };
    add_conv("stem", kNetworkInput, 20, 3, Activation::kHardSwish);
    add_conv("silu", 0, 20, 3, Activation::kSilu);
    add("mean", OpKind::kGlobalAveragePool, {{1, Role::kSource}}, Activation::kNone);
    layers[2].out = {20, 1, 1};
    add_conv("squeeze", 2, 6, 1, {Activation::kLeakyRelu, 0.1f});
    add_conv("excite", 3, 20, 1, Activation::kSigmoid);
    add("gated", OpKind::kMultiply, {{1, Role::kSource}, {4, Role::kOperand}}, Activation::kNone);
    add("difference", OpKind::kSubtract, {{5, Role::kSource}, {0, Role::kOperand}},
        {Activation::kClip, -0.5f, 2});
    add("sum", OpKind::kAdd, {{6, Role::kSource}, {5, Role::kOperand}}, Activation::kNone);
    add("hard", OpKind::kActivate, {{7, Role::kSource}}, {Activation::kHardSigmoid, 0.2f, 0.5f});
    add("slope", OpKind::kSlope, {{7, Role::kSource}}, Activation::kNone);
    add("scaled", OpKind::kScale, {{9, Role::kSource}}, Activation::kNone);
    add("shifted", OpKind::kShift, {{10, Role::kSource}}, Activation::kSigmoid);
    add_conv("behind", 8, 12, 1, Activation::kSigmoid);
    layers.push_back(same_shape(network, "last", OpKind::kSlice, {{3, Role::kSource}}, Activation::kNone));
    layers[13].first_channel = 3;  // of six: neither begins nor ends with a vector
    layers[13].out.channels = 3;
    add_conv("three", 0, 3, 1, Activation::kNone);
    add("by slice", OpKind::kMultiply, {{14, Role::kSource}, {13, Role::kOperand}}, Activation::kNone);
    layers.push_back(same_shape(network, "middle", OpKind::kSlice, {{1, Role::kSource}}, Activation::kNone));
    layers[16].first_channel = 5;
    layers[16].out.channels = 14;
    layers.push_back(same_shape(network, "end", OpKind::kSlice, {{1, Role::kSource}}, Activation::kNone));
    layers[17].first_channel = 6;
    layers[17].out.channels = 14;
    add("slices", OpKind::kAdd, {{16, Role::kSource}, {17, Role::kOperand}}, Activation::kNone);
    add_conv("by winograd", 17, 9, 3, Activation::kNone);
    add_conv("by 1x1", 17, 9, 1, Activation::kNone);
    network.outputs = {{"slices", {18}},  {"winograd", {19}}, {"1x1", {20}},  {"by slice", {15}},
                       {"shifted", {11}}, {"behind", {12}},   {"excite", {4}}};
    network.classes = 12;
    return network;
}

// Quotients by a tensor, by a value per channel and by one per pixel, softmax of a tensor and of channels in the middle of
// one, and a resampling.
Network shared() {
    Network network;
    network.name = "shared";
    network.input = {3, 37, 29};
    std::vector<Layer> &layers = network.layers;
    const auto add_conv = [&](const char *name, int source, int channels, int kernel, Activation activation) {
        layers.push_back(conv_of(network, name, source, channels, kernel, activation));
    };
    const auto add = [&](const char *name, OpKind op, std::vector<Read> reads) {
        layers.push_back(same_shape(network, name, op, std::move(reads), Activation::kNone));
        return &layers.back();
    };
    add_conv("stem", kNetworkInput, 20, 3, Activation::kHardSwish);
    add_conv("positive", 0, 20, 3, Activation::kSigmoid);
    add("sum", OpKind::kGlobalSum, {{1, Role::kSource}})->out = {20, 1, 1};
    add("shares", OpKind::kDivide, {{0, Role::kSource}, {2, Role::kOperand}});
    add("quotient", OpKind::kDivide, {{3, Role::kSource}, {1, Role::kOperand}})->activation =
        Activation::kRelu;
    add_conv("pixel", 0, 1, 1, Activation::kSigmoid);
    add("per pixel", OpKind::kDivide, {{0, Role::kSource}, {5, Role::kOperand}});
    add("weighted", OpKind::kMultiply, {{1, Role::kSource}, {5, Role::kOperand}});
    add("softmax", OpKind::kSoftmax, {{6, Role::kSource}});
    Layer *resampled = add("resampled", OpKind::kResample, {{8, Role::kSource}});
    resampled->window = {WindowAxis{4}, WindowAxis{3}};
    resampled->out = {20, 11, 23};
    add_conv("behind", 9, 12, 3, Activation::kNone);
    Layer *middle = add("middle", OpKind::kSlice, {{0, Role::kSource}});
    middle->first_channel = 3;
    middle->out.channels = 14;
    add("of slice", OpKind::kSoftmax, {{11, Role::kSource}});
    add_conv("behind quotients", 4, 9, 1, Activation::kNone);
    network.outputs = {
        {"behind", {10}}, {"of slice", {12}}, {"quotients", {13}}, {"weighted", {7}}, {"sum", {2}}};
    network.classes = 12;
    return network;
}

Network of_planes(int planes) {
    Network network;
    network.name = "planes_" + std::to_string(planes);
    network.input = {planes, 19, 23};
    network.preprocessing = usual_preprocessing(planes);
    for (int p = 0; p < planes; p++) {
        network.preprocessing.mean[size_t(p)] = 0;  // so that normalising is one product
        network.preprocessing.deviation[size_t(p)] = 0.25f + float(p) / 8;
    }
    network.layers.push_back(conv(network, "stem", kNetworkInput, 20, 2));
    network.outputs = {{"stem", {0}}};
    network.classes = 20;
    return network;
}

// Seeds make no tables: entries here go back and forth, and every fifth row lies beyond the image.
void fill_tables(const Network &network, FoldedWeights &weights) {
    for (size_t l = 0; l < network.layers.size(); l++) {
        const Layer &layer = network.layers[l];
        if (layer.op != OpKind::kResample) continue;
        std::vector<float> &values = weights.layers[l].weight.values;
        values.clear();
        for (const auto &[axis, outputs, extent] :
             {std::tuple(layer.window.y, layer.out.height, layer.in.height),
              {layer.window.x, layer.out.width, layer.in.width}}) {
            for (int o = 0; o < outputs; o++) {
                const bool beyond = outputs == layer.out.height && o % 5 == 4;
                values.insert(values.end(), {float(o * 3 % (extent - axis.kernel + 1)), beyond ? 0.5f : 0});
                for (int k = 0; k < axis.kernel; k++) values.push_back(1 / float(k + 2));
            }
        }
    }
}

class Models : public Packages, public ::testing::WithParamInterface<Network (*)()> {};
INSTANTIATE_TEST_SUITE_P(Graphs, Models, ::testing::Values(gated, squeezed, shared),
                         [](const auto &graph) { return graph.param().name; });

TEST_P(Models, AreTheReferencesOnEveryLevel) {
    const Network network = GetParam()();
    Result<FoldedWeights> weights = fold(network, seeded_checkpoint(network, 1));
    ASSERT_TRUE(weights) << weights.error().what;
    fill_tables(network, *weights);
    const std::vector<float> image = seeded_input(network.input.elements(), 1);
    const auto expected = run_network(network, *weights, image);
    ASSERT_TRUE(expected) << expected.error().what;

    CompileOptions options;
    options.folder = (folder_ / network.name).string();
    options.targets = {"host", "arm64", "opencl"};
    const auto report = compile_model({network, *weights, "seed:1", {}}, options);
    ASSERT_TRUE(report) << report.error().what;
    const Result<Package> package = open_package(options.folder);
    ASSERT_TRUE(package) << package.error().what;
    int levels = 0;
    for (const LevelInfo &level : package->manifest.levels) {
        for (int threads : {1, 2}) {
            const bool opencl = level.name == "opencl";
            const auto loaded = LoadedPackage::load(
                options.folder, {threads, opencl ? "" : level.name, nullptr, opencl ? "opencl" : ""});
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

class Planes : public Packages {};

// Values and sums are exact.
FoldedWeights in_eighths(const Network &network) {
    FoldedWeights weights = *fold(network, seeded_checkpoint(network, 1));
    for (FoldedLayer &layer : weights.layers) {
        for (std::vector<float> *values : {&layer.weight.values, &layer.bias.values})
            for (float &value : *values) value = std::round(value * 8) / 8;
    }
    return weights;
}

std::vector<float> output_of(LoadedPackage &loaded, const std::vector<float> &image) {
    std::copy(image.begin(), image.end(), loaded.input(0));
    EXPECT_TRUE(loaded.run());
    return loaded.output_values(0, 0);
}

std::vector<float> output_of_bytes(const LoadedPackage &loaded, const std::vector<uint8_t> &bytes) {
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    const std::string file = loaded.package().weights_path();
    options.weights_path = file.c_str();
    options.input_type = HARDNET_UINT8;
    hardnet_context *context = nullptr;
    EXPECT_EQ(hardnet_open(&loaded.network(), &options, &context), HARDNET_OK);
    hardnet_tensor input = {}, output = {};
    EXPECT_EQ(hardnet_input(context, 0, &input), HARDNET_OK);
    EXPECT_EQ(hardnet_output(context, 0, &output), HARDNET_OK);
    EXPECT_EQ(input.shape[3], loaded.manifest().planes());
    std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t *>(input.data));
    EXPECT_EQ(hardnet_run(context), HARDNET_OK);
    const float *values = static_cast<const float *>(output.data);
    const std::vector<float> result(values, values + loaded.outputs()[0].elems);
    hardnet_close(context);
    return result;
}

TEST_F(Planes, OfAnyNumberAreTheReferencesInFloatsAndBytes) {
    for (const int planes : {1, 2, 4, 64}) {
        SCOPED_TRACE(planes);
        const Network network = of_planes(planes);
        const FoldedWeights weights = in_eighths(network);
        CompileOptions options;
        options.folder = (folder_ / network.name).string();
        const auto report = compile_model({network, weights, "eighths", {}}, options);
        ASSERT_TRUE(report) << report.error().what;
        const auto loaded = LoadedPackage::load(options.folder, {1, "", nullptr});
        ASSERT_TRUE(loaded) << loaded.error().what;

        const size_t area = size_t{19} * 23, elements = area * size_t(planes);
        std::vector<uint8_t> bytes(elements);                  // [y][x][plane]
        std::vector<float> image(elements), normal(elements);  // [plane][y][x]
        for (size_t i = 0; i < elements; i++) {
            const size_t plane = i % size_t(planes), at = plane * area + i / size_t(planes);
            bytes[i] = uint8_t(i * i * 31 + i * 7);
            image[at] = bytes[i] / 8.0f;
            normal[at] = bytes[i] * float(1 / (255.0 * network.preprocessing.deviation[plane]));
        }
        const auto expected = run_network(network, weights, image);
        ASSERT_TRUE(expected) << expected.error().what;
        const std::vector<float> stem((*expected)[0].begin(), (*expected)[0].end());
        EXPECT_EQ(output_of(**loaded, image), stem);
        EXPECT_EQ(output_of_bytes(**loaded, bytes), output_of(**loaded, normal));
    }
}

TEST_F(Planes, ThatNoRingHasRoomForAreRefused) {
    Network network = of_planes(64);
    network.layers[0].window = Window::square(11, 2, 5);
    CompileOptions options;
    options.folder = (folder_ / "wide").string();
    options.targets = {"x86-64-v4"};
    const auto refused = compile_model({network, in_eighths(network), "eighths", {}}, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what,
              "stem: expected at most 16 input planes, whose rows under a window of 11x11 have room on the "
              "stack, found 64");
    network = of_planes(4);
    network.preprocessing = usual_preprocessing(3);
    const auto unfit = compile_model({network, in_eighths(network), "eighths", {}}, options);
    ASSERT_FALSE(unfit);
    EXPECT_EQ(unfit.error().what,
              "stem: expected a mean and a deviation for each of 4 input planes, found 3");
}

class ModelsRefused : public Packages {};

TEST_F(ModelsRefused, WhatNoKernelComputesIsRefusedByName) {
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
