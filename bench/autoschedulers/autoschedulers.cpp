// Kernels of our networks under our schedules and under Halide's own autoschedulers, on the same data: first whether all
// give what the Funcs' definition gives, with ==, then their times on one thread, taken in turns, as a table.
//
//     build/autoschedulers [--level avx2] [--turns 100] [--only direct] [--check]
#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "HalideBuffer.h"
#include "base/cpu_name.h"
#include "bench/autoschedulers/kernels.h"
#include "runtime/inspect.h"

namespace {

using namespace hardnet;
using Tensor = Halide::Runtime::Buffer<float>;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Case {
    const char *what, *model, *layer, *op;
    AlgorithmChoice algorithm;
};

const Case kCases[] = {
    {"3x3, five sources, direct", "hardnet68", "base.8.layers.15", "convolution", AlgorithmChoice::kDirect},
    {"3x3, five sources, Winograd product", "hardnet68", "base.8.layers.15", "winograd_product",
     AlgorithmChoice::kWinograd},
    {"1x1 over a block's outputs", "hardnet68", "base.7", "convolution", AlgorithmChoice::kAuto},
    {"stem 3x3, stride 2", "hardnet68", "base.0", "stem", AlgorithmChoice::kAuto},
    {"depthwise 3x3", "hardnet68ds", "base.8.layers.15.layer2", "depthwise", AlgorithmChoice::kAuto},
};

const char *const kSchedulers[] = {"", "Mullapudi2016", "Adams2019", "Li2018"};

struct Schedule {
    std::string name;
    Maths maths;
    int (*kernel)(void **arguments) = nullptr;  // none: see `fault`
    std::string fault;
    std::vector<double> ms;
};

// What a kernel's own checks say, instead of the end of the program.
std::string last_error;
void keep_error(void *, const char *text) {
    last_error = text;
    last_error = last_error.substr(0, last_error.find('\n'));
}

// A library stays open until the program ends, so each has a name of its own.
Schedule make_schedule(const PlannedKernel &kernel, const Machine &machine, const std::string &scheduler,
                       Maths maths, const std::filesystem::path &folder) {
    Schedule schedule{scheduler, maths, nullptr, "", {}};
    static int number = 0;
    const std::string path = folder / fmt::format("{}.so", number++);
    const auto start = Clock::now();
    const Status made = make_library(kernel, machine, scheduler, maths, path);
    fmt::print(stderr, "{} {}: compiled in {:.1f} s\n", operator_name(kernel.spec),
               scheduler.empty() ? "schedules/" : scheduler, milliseconds_since(start) / 1000);
    if (!made) {
        schedule.fault = made.error().what;
        return schedule;
    }
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        schedule.fault = dlerror();
        return schedule;
    }
    reinterpret_cast<int (*)(int)>(dlsym(library, "halide_set_num_threads"))(1);
    using Handler = void (*)(void *, const char *);
    reinterpret_cast<Handler (*)(Handler)>(dlsym(library, "halide_set_error_handler"))(keep_error);
    schedule.kernel = reinterpret_cast<int (*)(void **)>(dlsym(library, "kernel_argv"));
    return schedule;
}

Tensor tensor_of(const std::vector<hardnet_dim> &dims) {
    std::vector<halide_dimension_t> shape;
    for (const hardnet_dim &d : dims) shape.emplace_back(d.min, d.extent, d.stride);
    Tensor tensor(nullptr, int(shape.size()), shape.data());
    tensor.allocate();
    return tensor;
}

// A call's arguments. All in eighths, so that each sum is exact in whichever order it is taken.
std::vector<Tensor> tensors_of(const PlannedKernel &kernel) {
    std::vector<Tensor> tensors;
    uint32_t random = 1;
    for (const std::vector<hardnet_dim> &dims : buffers_of(kernel, Maths::kGenerator)) {
        tensors.push_back(tensor_of(dims));
        tensors.back().for_each_value(
            [&](float &v) { v = float(int((random = random * 1664525 + 1013904223) >> 28) - 8) / 8; });
    }
    return tensors;
}

// The same with the weights' channels side by side.
std::vector<Tensor> unblocked(const PlannedKernel &kernel, const std::vector<Tensor> &tensors) {
    const auto shapes = buffers_of(kernel, Maths::kUnblocked);
    std::vector<Tensor> same = tensors;
    for (size_t i = 0; i < same.size(); i++) {
        if (int(shapes[i].size()) == same[i].dimensions()) continue;
        const Tensor &blocks = tensors[i];
        const int block = blocks.dim(0).extent();
        same[i] = tensor_of(shapes[i]);
        same[i].for_each_element(
            [&](int c, int r, int tap) { same[i](c, r, tap) = blocks(c % block, r, tap, c / block); });
    }
    return same;
}

struct Comparison {
    std::vector<Tensor> generator, unblocked;  // arguments of either kind; their output is the same
    std::vector<Schedule> schedules;

    int run(const Schedule &s) {
        std::vector<void *> arguments;
        for (Tensor &t : s.maths == Maths::kGenerator ? generator : unblocked)
            arguments.push_back(t.raw_buffer());
        return s.kernel(arguments.data());
    }
    Tensor &output() { return generator.back(); }
};

// Drops the kernel of a schedule that fails or gives other values. Whether ours is good and no other's values differ.
bool check(Comparison &comparison, const Schedule &definition) {
    comparison.run(definition);
    const Tensor wanted = comparison.output().copy();
    bool right = comparison.schedules[0].kernel != nullptr;
    for (Schedule &s : comparison.schedules) {
        if (!s.kernel) continue;
        comparison.output().fill(-1);
        const int status = comparison.run(s);
        int64_t wrong = 0;
        wanted.for_each_element([&](const int *at) { wrong += comparison.output()(at) != wanted(at); });
        if (status != 0)
            s.fault = last_error;
        else if (wrong)
            s.fault = fmt::format("{} of {} values differ", wrong, wanted.number_of_elements());
        if (!s.fault.empty()) s.kernel = nullptr;
        right = right && wrong == 0;
    }
    return right;
}

// Each goes first in its turn: what runs behind the slowest finds its buffers in a colder cache.
void time(Comparison &comparison, int turns) {
    std::vector<Schedule> &all = comparison.schedules;
    for (int turn = 0; turn < turns; turn++) {
        for (size_t i = 0; i < all.size(); i++) {
            Schedule &s = all[(i + size_t(turn)) % all.size()];
            if (!s.kernel) continue;
            const auto start = Clock::now();
            comparison.run(s);
            s.ms.push_back(milliseconds_since(start));
        }
    }
}

// "6.98 / 7.34 (5.3)": minimum, median, and how often ours fits into the minimum.
std::string cell(Schedule &s, const Schedule &ours) {
    if (!s.kernel) return s.fault;
    if (s.ms.empty()) return "equal";
    std::sort(s.ms.begin(), s.ms.end());
    return fmt::format("{:.3f} / {:.3f}", s.ms[0], s.ms[s.ms.size() / 2]) +
           (&s == &ours ? "" : fmt::format(" ({:.1f})", s.ms[0] / ours.ms[0]));
}

void print_row(const std::string &what, Maths maths, std::vector<Schedule> &schedules) {
    fmt::print("| {} |", what);
    for (Schedule &s : schedules)
        if (s.maths == maths) fmt::print(" {} |", cell(s, schedules[0]));
    fmt::print("\n");
    std::fflush(stdout);
}

// Whether all values that came out are right: an autoscheduler's failure is a result.
bool compare(const Case &c, InputSize size, const Machine &machine, int turns,
             const std::filesystem::path &folder) {
    const auto kernel = planned_kernel({c.model, c.layer, c.op, c.algorithm, size}, machine);
    if (!kernel) return fmt::print(stderr, "autoschedulers: {}\n", kernel.error().what), false;
    const Schedule definition = make_schedule(*kernel, machine, "none", Maths::kGenerator, folder);
    if (!definition.kernel)
        return fmt::print(stderr, "autoschedulers: {}: {}\n", c.layer, definition.fault), false;

    Comparison comparison;
    comparison.generator = tensors_of(*kernel);
    comparison.unblocked = unblocked(*kernel, comparison.generator);
    for (Maths maths : {Maths::kGenerator, Maths::kUnblocked}) {
        if (maths == Maths::kUnblocked && !blocked(kernel->spec)) continue;
        for (const char *scheduler : kSchedulers)
            if (maths == Maths::kGenerator || *scheduler)
                comparison.schedules.push_back(make_schedule(*kernel, machine, scheduler, maths, folder));
    }
    const bool right = check(comparison, definition);
    time(comparison, turns);
    print_row(c.what, Maths::kGenerator, comparison.schedules);
    if (blocked(kernel->spec))
        print_row("the same, sums without blocks |", Maths::kUnblocked, comparison.schedules);
    return right;
}

const Machine *machine_of(const std::string &level) {
    for (const Machine &m : machines()) {
        const bool runs = (m.features & ~hardnet_cpu_features()) == 0 && m.family == ScheduleFamily::kX86;
        if (runs && (level.empty() || m.level == level)) return &m;
    }
    return nullptr;
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app("Kernels under our schedules and under Halide's autoschedulers, one thread.");
    std::string level, only;
    int turns = 100;
    bool check_only = false;
    app.add_option("--level", level, "the CPU level to compile for; the best that this CPU runs");
    app.add_option("--turns", turns, "runs of each kernel")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--only", only,
                   "kernels whose description has this text: direct, product, 1x1, stem, depthwise");
    app.add_flag("--check", check_only, "compare the outputs and time nothing");
    CLI11_PARSE(app, argc, argv);
    const Machine *machine = machine_of(level);
    if (!machine) {
        fmt::print(stderr,
                   "autoschedulers: --level: expected a level of x86 that this CPU runs, found '{}'\n",
                   level);
        return 2;
    }
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / fmt::format("autoschedulers.{}", getpid());
    std::filesystem::create_directories(folder);
    fmt::print("{}, level {}, 1 thread; ms of {} turns, min / median (times ours)\n\n", cpu_name(),
               machine->level, check_only ? 0 : turns);
    fmt::print("| | schedules/ |");
    for (const char *scheduler : kSchedulers)
        if (*scheduler) fmt::print(" {} |", scheduler);
    fmt::print("\n|---|---|---|---|---|\n");
    const InputSize size = check_only ? InputSize{64, 64} : InputSize{224, 224};
    bool right = true;
    for (const Case &c : kCases)
        if (std::string(c.what).find(only) != std::string::npos)
            right &= compare(c, size, *machine, check_only ? 0 : turns, folder);
    std::filesystem::remove_all(folder);
    return right ? 0 : 1;
}
