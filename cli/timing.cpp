#include "cli/timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "runtime/inspect.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLeastIterations = 5;
constexpr size_t kMostIterations = 1'000'000;  // 8 MB of times

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

bool enough(const TimingOptions &options, size_t done, Clock::time_point start) {
    if (options.iterations > 0) return done >= size_t(options.iterations);
    const bool spent = ms_since(start) >= options.seconds * 1000;
    return done >= kMostIterations || (spent && done >= size_t(kLeastIterations));
}

double median_of(std::vector<double> values) { return timing_of(std::move(values)).median_ms; }

void fill_input(LoadedPackage &loaded) {
    const std::vector<float> input = seeded_input(int64_t(loaded.input_elems()) * loaded.batch(), 1);
    std::copy(input.begin(), input.end(), loaded.input(0));
}

}  // namespace

Timing timing_of(std::vector<double> milliseconds) {
    std::sort(milliseconds.begin(), milliseconds.end());
    const size_t count = milliseconds.size();
    const double upper = milliseconds[count / 2], lower = milliseconds[(count - 1) / 2];
    const size_t rank = size_t(std::ceil(0.99 * double(count)));
    return {milliseconds.front(), (lower + upper) / 2, milliseconds[rank - 1], int(count)};
}

Result<Timing> time_runs(LoadedPackage &loaded, const TimingOptions &options) {
    fill_input(loaded);
    for (int i = 0; i < options.warmup; i++)
        if (const Status status = loaded.run(); !status) return status.error();
    std::vector<double> milliseconds;
    for (const auto start = Clock::now(); !enough(options, milliseconds.size(), start);) {
        const auto begin = Clock::now();
        const Status status = loaded.run();
        milliseconds.push_back(ms_since(begin));
        if (!status) return status.error();
    }
    return timing_of(std::move(milliseconds));
}

Result<std::vector<StepTiming>> time_steps(LoadedPackage &loaded, const TimingOptions &options) {
    fill_input(loaded);
    hardnet_context *context = loaded.context();
    const int32_t count = hardnet_step_count(context);
    std::vector<std::vector<double>> milliseconds(count);
    size_t rounds = 0;
    const auto start = Clock::now();
    for (int warmup = options.warmup; warmup > 0 || !enough(options, rounds, start); warmup--) {
        for (int32_t step = 0; step < count; step++) {
            const auto begin = Clock::now();
            const hardnet_status status = hardnet_run_step(context, step, 0);
            if (warmup <= 0) milliseconds[step].push_back(ms_since(begin));
            if (status != HARDNET_OK) return loaded.failure(status);
        }
        if (warmup <= 0) rounds++;
    }
    std::vector<StepTiming> steps;
    double sum = 0;
    for (int32_t i = 0; i < count; i++) {
        const hardnet_step *step = hardnet_step_at(context, i);
        steps.push_back({loaded.network().layer_names[step->layer], hardnet_step_kind_name(step->kind),
                         median_of(milliseconds[i]), 0, i});
        sum += steps.back().ms;
    }
    for (StepTiming &step : steps) step.share = sum > 0 ? step.ms / sum : 0;
    return steps;
}

}  // namespace hardnet
