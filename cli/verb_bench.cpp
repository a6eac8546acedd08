// hardnet bench: how fast a package runs here, in total and step by step.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/timing.h"
#include "cli/verbs.h"

namespace hardnet {
namespace {

constexpr size_t kDearestShown = 5;

struct BenchOptions {
    std::string package, level;
    int threads = 0;
    TimingOptions timing;
    bool layers = false, sorted = false, json = false;
};

void sort_by_time(std::vector<StepTiming> &steps) {
    std::stable_sort(steps.begin(), steps.end(),
                     [](const StepTiming &a, const StepTiming &b) { return a.ms > b.ms; });
}

void print_json(const LoadedPackage &loaded, const Timing &timing, const std::vector<StepTiming> &steps,
                const BenchOptions &options) {
    const Manifest &m = loaded.manifest();
    nlohmann::ordered_json json = {{"model", m.name},
                                   {"input", fmt::format("{}x{}", m.height, m.width)},
                                   {"batch", m.batch},
                                   {"threads", loaded.threads()},
                                   {"level", loaded.level()},
                                   {"min_ms", timing.min_ms},
                                   {"median_ms", timing.median_ms},
                                   {"p99_ms", timing.p99_ms},
                                   {"iterations", timing.iterations},
                                   {"images_per_second", 1000 * m.batch / timing.median_ms}};
    if (options.layers) {
        json["steps"] = nlohmann::ordered_json::array();
        for (const StepTiming &step : steps)
            json["steps"].push_back(
                {{"layer", step.layer}, {"kind", step.kind}, {"ms", step.ms}, {"share", step.share}});
    }
    std::fputs((json.dump(2) + "\n").c_str(), stdout);
}

void print_steps(const std::vector<StepTiming> &steps, size_t count) {
    std::fputs(fmt::format("{:<24}  {:<18}  {:>9}  {:>7}\n", "layer", "step", "ms", "share").c_str(), stdout);
    for (size_t i = 0; i < std::min(count, steps.size()); i++)
        std::fputs(fmt::format("{:<24}  {:<18}  {:>9.4f}  {:>5.1f} %\n", steps[i].layer, steps[i].kind,
                               steps[i].ms, steps[i].share * 100)
                       .c_str(),
                   stdout);
}

void print_text(const LoadedPackage &loaded, const Timing &timing, const std::vector<StepTiming> &steps,
                const BenchOptions &options) {
    const Manifest &m = loaded.manifest();
    std::fputs(fmt::format("{}  {}x{}  batch {}  level {}  {} thread{}\n"
                           "min {:.3f} ms  median {:.3f} ms  p99 {:.3f} ms  of {} runs;  {:.1f} images/s\n\n",
                           m.name, m.height, m.width, m.batch, loaded.level(), loaded.threads(),
                           loaded.threads() == 1 ? "" : "s", timing.min_ms, timing.median_ms, timing.p99_ms,
                           timing.iterations, 1000 * m.batch / timing.median_ms)
                   .c_str(),
               stdout);
    if (options.layers) return print_steps(steps, steps.size());
    std::fputs(fmt::format("the {} dearest of {} steps (--layers shows all):\n",
                           std::min(kDearestShown, steps.size()), steps.size())
                   .c_str(),
               stdout);
    print_steps(steps, kDearestShown);
}

Result<ExitCode> bench(const BenchOptions &options) {
    const Result<std::unique_ptr<LoadedPackage>> loaded =
        LoadedPackage::load(options.package, {options.threads, options.level});
    if (!loaded) return loaded.error();
    const Result<Timing> timing = time_runs(**loaded, options.timing);
    if (!timing) return timing.error();
    std::vector<StepTiming> steps;
    if (options.layers || !options.json) {
        Result<std::vector<StepTiming>> timed = time_steps(**loaded, options.timing);
        if (!timed) return timed.error();
        steps = std::move(*timed);
        if (options.sorted || !options.layers) sort_by_time(steps);
    }
    if (options.json)
        print_json(**loaded, *timing, steps, options);
    else
        print_text(**loaded, *timing, steps, options);
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
    verb->add_option("--iterations", options->timing.iterations,
                     "runs; default: as many as fit into --seconds")
        ->check(CLI::Validator(between(1, 1'000'000), ""));
    verb->add_option("--seconds", options->timing.seconds, "of running, and again of step by step")
        ->check(CLI::Validator(number_between(0, 3600), ""))
        ->capture_default_str();
    verb->add_option("--warmup", options->timing.warmup, "runs that do not count")
        ->check(CLI::Validator(between(0, 1'000'000), ""))
        ->capture_default_str();
    verb->add_flag("--layers", options->layers, "every step with its time and share");
    verb->add_flag("--sort", options->sorted, "the dearest steps first");
    verb->add_flag("--json", options->json, "one JSON object instead of text");
    verb->callback([&chosen, options] { chosen = [options] { return bench(*options); }; });
}

}  // namespace hardnet
