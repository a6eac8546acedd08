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

Status bind_on_device(LoadedPackage &loaded, bool bound) {
    hardnet_context *context = loaded.context();
    hardnet_status status =
        hardnet_bind_input_device(context, 0, bound ? hardnet_device_memory(context, true, 0) : nullptr);
    for (size_t i = 0; status == HARDNET_OK && i < loaded.outputs().size(); i++)
        status = hardnet_bind_output_device(
            context, int32_t(i), bound ? hardnet_device_memory(context, false, int32_t(i)) : nullptr);
    return status == HARDNET_OK ? ok() : loaded.failure(status);
}

// What a round adds to each step's times; none where it is a warm-up.
using StepTimes = std::vector<std::vector<double>>;

Status step_by_step(LoadedPackage &loaded, StepTimes *times) {
    for (int32_t step = 0; step < hardnet_step_count(loaded.context()); step++) {
        const auto begin = Clock::now();
        const hardnet_status status = hardnet_run_step(loaded.context(), step, 0);
        if (times) (*times)[size_t(step)].push_back(ms_since(begin));
        if (status != HARDNET_OK) return loaded.failure(status);
    }
    return ok();
}

Status traced_run(LoadedPackage &loaded, StepTimes *times) {
    const auto add = [](void *user, int32_t, int32_t step, int64_t begin_ns, int64_t end_ns) {
        auto *to = static_cast<StepTimes *>(user);
        if (to) (*to)[size_t(step)].push_back(double(end_ns - begin_ns) / 1e6);
    };
    hardnet_set_trace(loaded.context(), add, times);
    const Status status = loaded.run();
    hardnet_set_trace(loaded.context(), nullptr, nullptr);
    return status;
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

Result<Timing> time_runs_on_device(LoadedPackage &loaded, const TimingOptions &options) {
    if (const Status status = bind_on_device(loaded, true); !status) return status.error();
    const Result<Timing> timing = time_runs(loaded, options);
    if (const Status status = bind_on_device(loaded, false); !status) return status.error();
    return timing;
}

Result<std::vector<StepTiming>> time_steps(LoadedPackage &loaded, const TimingOptions &options) {
    fill_input(loaded);
    hardnet_context *context = loaded.context();
    const int32_t count = hardnet_step_count(context);
    std::vector<std::vector<double>> milliseconds(count);
    const auto one_round = loaded.device() == "cpu" ? step_by_step : traced_run;
    size_t rounds = 0;
    const auto start = Clock::now();
    for (int warmup = options.warmup; warmup > 0 || !enough(options, rounds, start); warmup--) {
        if (const Status status = one_round(loaded, warmup > 0 ? nullptr : &milliseconds); !status)
            return status.error();
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
