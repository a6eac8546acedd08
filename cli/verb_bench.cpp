// hardnet bench: how fast a package runs here, in total and step by step.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/console.h"
#include "cli/layer_figures.h"
#include "cli/timing.h"
#include "cli/trace.h"
#include "cli/verbs.h"
#include "runtime/inspect.h"

namespace hardnet {
namespace {

constexpr size_t kDearestShown = 5;
constexpr int kTracedRuns = 3;

struct BenchOptions {
    std::string package, level, device, trace;
    int threads = 0;
    TimingOptions timing;
    bool layers = false, sorted = false, json = false;
};

struct BenchResult {
    Timing timing;
    std::optional<Timing> on_device{};  // a GPU's, without copies
    std::vector<StepTiming> steps;
    MachineLimits limits;
    std::vector<LayerFigures> layers;
};

template <typename Timed>
void sort_by_time(std::vector<Timed> &all) {
    std::stable_sort(all.begin(), all.end(), [](const Timed &a, const Timed &b) { return a.ms > b.ms; });
}

void print(const std::string &text) { std::fputs(text.c_str(), stdout); }

nlohmann::ordered_json json_of(const LayerFigures &layer) {
    return {{"layer", layer.layer},
            {"steps", layer.steps},
            {"ms", layer.ms},
            {"share", layer.share},
            {"macs", layer.macs},
            {"gflops", layer.gflops()},
            {"operations", layer.operations},
            {"weight_bytes", layer.weight_bytes},
            {"activation_bytes", layer.activation_bytes},
            {"compute_ms", layer.compute_ms},
            {"memory_ms", layer.memory_ms},
            {"bound", layer.by_memory() ? "memory" : "compute"},
            {"reached", layer.reached()}};
}

void print_json(const LoadedPackage &loaded, const BenchResult &result, const BenchOptions &options) {
    const Manifest &m = loaded.manifest();
    nlohmann::ordered_json json = {{"model", m.name},
                                   {"input", fmt::format("{}x{}", m.height(), m.width())},
                                   {"batch", m.batch},
                                   {"threads", loaded.threads()},
                                   {"device", loaded.device()},
                                   {"level", loaded.level()},
                                   {"min_ms", result.timing.min_ms},
                                   {"median_ms", result.timing.median_ms},
                                   {"p99_ms", result.timing.p99_ms},
                                   {"iterations", result.timing.iterations},
                                   {"images_per_second", 1000 * m.batch / result.timing.median_ms}};
    if (result.on_device) {
        json["without_copies_min_ms"] = result.on_device->min_ms;
        json["without_copies_median_ms"] = result.on_device->median_ms;
    }
    if (!result.layers.empty()) {
        json["limits"] = {{"gflops", result.limits.gflops},
                          {"weights_gb_s", result.limits.weights_gb_s},
                          {"activations_gb_s", result.limits.activations_gb_s}};
        json["layers"] = nlohmann::ordered_json::array();
        for (const LayerFigures &layer : result.layers) json["layers"].push_back(json_of(layer));
    }
    if (options.layers) {
        json["steps"] = nlohmann::ordered_json::array();
        for (const StepTiming &step : result.steps)
            json["steps"].push_back(
                {{"layer", step.layer}, {"kind", step.kind}, {"ms", step.ms}, {"share", step.share}});
    }
    print(json.dump(2) + "\n");
}

void print_steps(const std::vector<StepTiming> &steps, size_t count) {
    print(fmt::format("{:<24}  {:<18}  {:>9}  {:>7}\n", "layer", "step", "ms", "share"));
    for (size_t i = 0; i < std::min(count, steps.size()); i++)
        print(fmt::format("{:<24}  {:<18}  {:>9.4f}  {:>5.1f} %\n", steps[i].layer, steps[i].kind,
                          steps[i].ms, steps[i].share * 100));
}

void print_layers(const BenchResult &result) {
    const MachineLimits &m = result.limits;
    print(fmt::format(
        "limits: {:.1f} GFLOP/s multiply-add; {:.1f} GB/s reading {:.1f} MiB, as weights; {:.1f} GB/s "
        "copying within {:.1f} MiB, as activations\n\n",
        m.gflops, m.weights_gb_s, double(m.weight_bytes) / (1 << 20), m.activations_gb_s,
        double(m.activation_bytes) / (1 << 20)));
    size_t widest = 0;
    for (const LayerFigures &layer : result.layers) widest = std::max(widest, layer.steps.size());
    print(fmt::format("{:<24}  {:<{}}  {:>8}  {:>7}  {:>8}  {:>7}  {:<7}  {:>8}  {:>7}\n", "layer", "steps",
                      widest, "ms", "share", "GFLOP/s", "MB", "bound", "at least", "reached"));
    for (const LayerFigures &layer : result.layers)
        print(fmt::format(
            "{:<24}  {:<{}}  {:>8.4f}  {:>5.1f} %  {:>8}  {:>7.2f}  {:<7}  {:>8.4f}  {:>5.0f} %\n",
            layer.layer, layer.steps, widest, layer.ms, layer.share * 100,
            layer.macs > 0 ? fmt::format("{:.1f}", layer.gflops()) : "-", layer.bytes() / 1e6,
            layer.by_memory() ? "memory" : "compute", layer.bound_ms(), layer.reached() * 100));
    print(
        "\nGFLOP/s: as if the layer were computed directly. MB: weights and activations, each once per step. "
        "at "
        "least: milliseconds at\nthe limits, for the products that run. Transforms count by their bytes "
        "alone.\n");
}

void print_text(const LoadedPackage &loaded, const BenchResult &result, const BenchOptions &options) {
    const Manifest &m = loaded.manifest();
    const Timing &timing = result.timing;
    print(
        fmt::format("{}  {}x{}  batch {}  level {}{}  {} thread{}\n"
                    "min {:.3f} ms  median {:.3f} ms  p99 {:.3f} ms  of {} runs;  {:.1f} images/s\n",
                    m.name, m.height(), m.width(), m.batch, loaded.level(), on_device(loaded),
                    loaded.threads(), loaded.threads() == 1 ? "" : "s", timing.min_ms, timing.median_ms,
                    timing.p99_ms, timing.iterations, 1000 * m.batch / timing.median_ms));
    if (result.on_device)
        print(fmt::format("without copies: min {:.3f} ms  median {:.3f} ms\n", result.on_device->min_ms,
                          result.on_device->median_ms));
    print("\n");
    if (!result.layers.empty()) return print_layers(result);
    if (options.layers) return print_steps(result.steps, result.steps.size());
    print(fmt::format("the {} dearest of {} steps (--layers shows all):\n",
                      std::min(kDearestShown, result.steps.size()), result.steps.size()));
    print_steps(result.steps, kDearestShown);
}

Result<ExitCode> bench(const BenchOptions &options) {
    const Result<std::unique_ptr<LoadedPackage>> loaded = LoadedPackage::load(
        options.package, {options.threads, options.level, note_of_runtime, options.device});
    if (!loaded) return loaded.error();
    const Result<Timing> timing = time_runs(**loaded, options.timing);
    if (!timing) return timing.error();
    BenchResult result{*timing, {}, {}, {}, {}};
    const bool on_cpu = (*loaded)->device() == "cpu";
    if (hardnet_device_memory((*loaded)->context(), true, 0)) {
        Result<Timing> timed = time_runs_on_device(**loaded, options.timing);
        if (!timed) return timed.error();
        result.on_device = *timed;
    }
    if (options.layers || !options.json) {
        Result<std::vector<StepTiming>> timed = time_steps(**loaded, options.timing);
        if (!timed) return timed.error();
        result.steps = std::move(*timed);
    }
    if (options.layers && on_cpu) {  // what a GPU could do is not measured
        result.limits = limits_for(**loaded);
        result.layers = layer_figures(**loaded, result.steps, result.limits);
    }
    if (options.sorted || !options.layers) sort_by_time(result.steps);
    if (options.sorted) sort_by_time(result.layers);
    if (!options.trace.empty())
        if (const Status status = write_trace(**loaded, kTracedRuns, options.trace); !status)
            return status.error();
    if (options.json)
        print_json(**loaded, result, options);
    else
        print_text(**loaded, result, options);
    return ExitCode::kOk;
}

}  // namespace

void add_bench(CLI::App &program, Action &chosen) {
    CLI::App *verb =
        add_verb(program, "bench", "Time a package: min, median and p99 of its runs, and its steps",
                 "hardnet bench packages/hardnet68 --threads 1 --layers --sort");
    const auto options = std::make_shared<BenchOptions>();
    verb->add_option("PACKAGE", options->package, "a package's folder")->required();
    verb->add_option("--threads", options->threads, "default: as many as this process may use")
        ->check(CLI::Validator(between(1, 1024), ""));
    verb->add_option("--level", options->level,
                     "CPU level, such as avx2; default: the best that this CPU runs");
    add_device(*verb, options->device);
    verb->add_option("--iterations", options->timing.iterations,
                     "runs; default: as many as fit into --seconds")
        ->check(CLI::Validator(between(1, 1'000'000), ""));
    verb->add_option("--seconds", options->timing.seconds, "of running, and again of step by step")
        ->check(CLI::Validator(number_between(0, 3600), ""))
        ->capture_default_str();
    verb->add_option("--warmup", options->timing.warmup, "runs that do not count")
        ->check(CLI::Validator(between(0, 1'000'000), ""))
        ->capture_default_str();
    verb->add_flag(
        "--layers", options->layers,
        "every layer: time, what it computes and moves, and the share of what this machine, measured "
        "here, could do; on a GPU every step's time");
    verb->add_flag("--sort", options->sorted, "the dearest first");
    verb->add_option("--trace", options->trace,
                     "a file for what each thread did in three runs, to be opened in Perfetto");
    verb->add_flag("--json", options->json, "one JSON object instead of text");
    verb->callback([&chosen, options] { chosen = [options] { return bench(*options); }; });
}

}  // namespace hardnet
