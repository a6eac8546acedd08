// Times layers one at a time, each compiled by itself from a line of a text file, so that a schedule can be
// tried without compiling a network.
//
//     hardnet_kernels bench/kernels/shapes/hardnet68.txt --benchmark_filter=base.3
//
// A line is "NAME KIND INPUTS OUTPUTS SIZE": "base.3.layers.1 conv3x3 64+14 24 56x56". KIND is conv1x1,
// conv3x3, dw3x3/1 or dw3x3/2; INPUTS are the channels of each source in order; SIZE is the output's height x
// width. The sources are made by layers that are not timed. Blank lines and lines that begin with # are
// skipped.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/console.h"
#include "compiler/compile.h"
#include "package/loaded_package.h"
#include "runtime/inspect.h"

namespace hardnet {
namespace {

struct Line {
    std::string name, kind;
    std::vector<int> inputs;  // channels of each source
    Shape out;
    int kernel() const { return kind == "conv1x1" ? 1 : 3; }
    int stride() const { return kind == "dw3x3/2" ? 2 : 1; }
    bool depthwise() const { return kind[0] == 'd'; }
    double operations() const {  // of the layer's definition: a multiplication and an addition are two
        int channels = 0;
        for (int c : inputs) channels += depthwise() ? 1 : c;
        return 2.0 * kernel() * kernel() * channels * double(out.elements());
    }
};

Result<Line> parse(const std::string &text) {
    const Error error = bad_input("shape: expected 'NAME KIND INPUTS OUTPUTS HxW', found '" + text + "'");
    Line line;
    std::string inputs, rest;
    char x = 0;
    std::istringstream words(text);
    words >> line.name >> line.kind >> inputs >> line.out.channels >> line.out.height >> x >> line.out.width;
    if (!words || x != 'x' || words >> rest || line.out.elements() < 1) return error;
    std::istringstream numbers(inputs);
    for (std::string number; std::getline(numbers, number, '+');) {
        line.inputs.push_back(std::atoi(number.c_str()));
        if (line.inputs.back() < 1) return error;
    }
    bool known =
        line.kind == "conv1x1" || line.kind == "conv3x3" || line.kind == "dw3x3/1" || line.kind == "dw3x3/2";
    bool same = !line.depthwise() || (line.inputs.size() == 1 && line.inputs[0] == line.out.channels);
    if (!known || !same) return error;
    return line;
}

void add(Network &network, const std::string &name, OpKind op, const std::vector<int> &sources, int kernel,
         int stride, int channels) {
    Layer l;
    l.name = l.module = name, l.op = op, l.window = Window::square(kernel, stride, kernel / 2);
    for (int s : sources) {
        l.reads.push_back({s, Role::kSource});
        const Shape &from = s == kNetworkInput ? network.input : network.layers[s].out;
        l.in = {l.in.channels + from.channels, from.height, from.width};
    }
    l.out = {channels, (l.in.height - 1) / stride + 1, (l.in.width - 1) / stride + 1};
    if (op == OpKind::kConv) l.activation = Activation::kRelu6;
    if (op == OpKind::kGlobalAveragePool) l.out.height = l.out.width = 1;
    l.bias = op == OpKind::kFullyConnected;
    network.layers.push_back(std::move(l));
}

// The sources, the layer, and a classifier, since a package must have one. Gives the layer's index.
int build(const Line &line, Network &network) {
    const int scale = 2 * line.stride();
    network.name = "layer";
    network.input = {3, line.out.height * scale, line.out.width * scale};
    std::vector<int> sources{0};
    add(network, "source.0", OpKind::kConv, {kNetworkInput}, 3, 2, line.inputs[0]);
    for (size_t i = 1; i < line.inputs.size(); i++) {
        sources.push_back(int(i));
        add(network, "source." + std::to_string(i), OpKind::kConv, {0}, 1, 1, line.inputs[i]);
    }
    const int layer = int(network.layers.size());
    add(network, line.name, line.depthwise() ? OpKind::kDepthwiseConv : OpKind::kConv, sources, line.kernel(),
        line.stride(), line.out.channels);
    add(network, "pool", OpKind::kGlobalAveragePool, {layer}, 1, 1, line.out.channels);
    add(network, "classes", OpKind::kFullyConnected, {layer + 1}, 1, 1, 8);
    network.classes = 8;
    network.outputs = {{"logits", {layer + 2}}};
    return layer;
}

struct Compiled {
    std::unique_ptr<LoadedPackage> package;
    int layer = 0;
    std::string choice;  // "winograd 4x4, ..."
};

Result<Compiled> compile(const Line &line, const std::string &folder) {
    Compiled compiled;
    Network network;
    compiled.layer = build(line, network);
    auto weights = fold(network, seeded_checkpoint(network, 1));
    if (!weights) return weights.error();
    CompileOptions options;
    options.folder = folder;
    options.jobs = 1;
    options.blocks = "model";
    const auto report = compile_model({network, std::move(*weights), "seed:1", {}}, options);
    if (!report) return report.error();
    const char *threads = std::getenv("HARDNET_THREADS");
    auto loaded = LoadedPackage::load(folder, {threads ? std::atoi(threads) : 1, "", note_of_runtime});
    if (!loaded) return loaded.error();
    compiled.package = std::move(*loaded);
    for (const LayerInfo &info : compiled.package->manifest().layers) {
        if (info.layer == line.name && info.level == compiled.package->level())
            compiled.choice = info.algorithm + " " + info.blocks;
    }
    return compiled;
}

// The steps of the layer alone; all others ran once before, so that its inputs are there.
Status time(const Compiled &compiled, const Line &line, benchmark::State &state) {
    hardnet_context *context = compiled.package->context();
    if (Status s = compiled.package->run(); !s) return s;
    std::vector<int32_t> steps;
    for (int32_t i = 0; i < hardnet_step_count(context); i++) {
        if (hardnet_step_at(context, i)->layer == compiled.layer) steps.push_back(i);
    }
    for (auto _ : state) {
        for (int32_t step : steps) {
            const hardnet_status status = hardnet_run_step(context, step, 0);
            if (status != HARDNET_OK) return compiled.package->failure(status);
        }
    }
    state.SetLabel(compiled.choice);
    state.counters["GFLOP"] =
        benchmark::Counter(line.operations() * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
    return ok();
}

void run(benchmark::State &state, const Line &line) {
    char folder[] = "/tmp/hardnet_kernels_XXXXXX";
    if (!mkdtemp(folder)) return state.SkipWithError("/tmp: expected to make a folder, found an error");
    auto compiled = compile(line, folder);
    std::filesystem::remove_all(folder);  // what is loaded stays
    if (!compiled) return state.SkipWithError(compiled.error().what.c_str());
    if (Status s = time(*compiled, line, state); !s) state.SkipWithError(s.error().what.c_str());
}

}  // namespace
}  // namespace hardnet

int main(int argc, char **argv) {
    using namespace hardnet;
    benchmark::Initialize(&argc, argv);
    std::ifstream file(argc == 2 ? argv[1] : "");
    if (!file) {
        std::fprintf(
            stderr,
            "usage: hardnet_kernels SHAPES [--benchmark_filter=REGEX...]; $HARDNET_THREADS: default 1\n");
        return 2;
    }
    for (std::string text; std::getline(file, text);) {
        if (text.empty() || text[0] == '#') continue;
        auto line = parse(text);
        if (!line) {
            std::fprintf(stderr, "%s: %s\n", argv[1], line.error().what.c_str());
            return 3;
        }
        benchmark::RegisterBenchmark(line->name.c_str(), run, *line)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
