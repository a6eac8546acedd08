// The kernel of direct_generator.cpp under three schedules, ours and two autoschedulers', on the same data: first whether
// they give what the definition gives, with ==, then their times on one thread, taken in turns. With --check only the
// first.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "HalideBuffer.h"
#include "direct_adams2019.h"
#include "direct_mullapudi2016.h"
#include "direct_ours.h"

namespace {

using Tensor = Halide::Runtime::Buffer<float>;

struct Schedule {
    const char *name;
    int (*kernel)(void **arguments);
    std::vector<double> ms;
};

// The kernel's buffers: its estimates say how large, a bounds query in which strides. All in eighths, so that each sum is
// exact in whichever order it is taken.
std::vector<Tensor> buffers_of(const halide_filter_metadata_t &kernel, int (*query)(void **)) {
    std::vector<Tensor> buffers;
    std::vector<void *> arguments;
    for (int i = 0; i < kernel.num_arguments; i++) {
        const halide_filter_argument_t &argument = kernel.arguments[i];
        std::vector<halide_dimension_t> dims;
        for (int d = 0; d < argument.dimensions; d++)
            dims.emplace_back(int32_t(*argument.buffer_estimates[2 * d]),
                              int32_t(*argument.buffer_estimates[2 * d + 1]), 0);
        buffers.emplace_back(nullptr, argument.dimensions, dims.data());
    }
    for (Tensor &b : buffers) arguments.push_back(b.raw_buffer());
    if (query(arguments.data()) != 0) return {};
    uint32_t random = 1;
    for (Tensor &b : buffers) {
        b.allocate();
        b.for_each_value(
            [&](float &v) { v = float(int((random = random * 1664525 + 1013904223) >> 28) - 8) / 8; });
    }
    return buffers;
}

// Y by its definition. `b`: the sources, U, bias, Y.
Tensor expected(const std::vector<Tensor> &b) {
    const size_t sources = b.size() - 3;
    const Tensor &U = b[sources], &bias = b[sources + 1];
    const int block = U.dim(0).extent();
    Tensor Y = Tensor::make_with_shape_of(b.back());
    Y.for_each_element([&](int c, int x, int y) {
        double sum = bias(c);
        for (int tap = 0; tap < 9; tap++)
            for (int s = 0, r = 0; s < int(sources); s++)
                for (int ci = 0; ci < b[s].dim(0).extent(); ci++, r++)
                    sum += b[s](ci, x + tap % 3 - 1, y + tap / 3 - 1) * U(c % block, r, tap, c / block);
        Y(c, x, y) = float(std::clamp(sum, 0.0, 6.0));
    });
    return Y;
}

std::string cpu_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.rfind("model name", 0) == 0) return line.substr(line.find(": ") + 2);
    return "unknown CPU";
}

}  // namespace

int main(int argc, char **argv) {
    halide_set_num_threads(1);
    std::vector<Schedule> schedules = {{"schedules/", direct_ours_argv, {}},
                                       {"Mullapudi2016", direct_mullapudi2016_argv, {}},
                                       {"Adams2019", direct_adams2019_argv, {}}};
    std::vector<Tensor> buffers = buffers_of(*direct_ours_metadata(), direct_ours_argv);
    if (buffers.empty()) return 1;
    std::vector<void *> arguments;
    for (Tensor &b : buffers) arguments.push_back(b.raw_buffer());

    const Tensor wanted = expected(buffers);
    for (const Schedule &s : schedules) {
        buffers.back().fill(-1);
        if (s.kernel(arguments.data()) != 0) return 1;
        const Tensor &found = buffers.back();
        int wrong = 0;
        wanted.for_each_element([&](int c, int x, int y) { wrong += found(c, x, y) != wanted(c, x, y); });
        if (wrong)
            return std::printf("%s: expected the definition's values, found %d others\n", s.name, wrong), 1;
    }
    std::printf("%zu schedules: all %zu values equal the definition's\n", schedules.size(),
                wanted.number_of_elements());
    if (argc > 1 && std::strcmp(argv[1], "--check") == 0) return 0;

    using Clock = std::chrono::steady_clock;
    for (int turn = 0; turn < 200; turn++) {
        for (Schedule &s : schedules) {
            const auto start = Clock::now();
            s.kernel(arguments.data());
            s.ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
        }
    }
    const Tensor &U = buffers[buffers.size() - 3];
    const double flops = 2.0 * double(wanted.number_of_elements()) * U.dim(1).extent() * U.dim(2).extent();
    std::printf("%s, 1 thread, %zu turns\n", cpu_name().c_str(), schedules[0].ms.size());
    for (Schedule &s : schedules) {
        std::sort(s.ms.begin(), s.ms.end());
        std::printf("%-18s min %7.3f ms, median %7.3f ms, %6.1f GFLOP/s\n", s.name, s.ms[0],
                    s.ms[s.ms.size() / 2], flops / s.ms[0] * 1e-6);
    }
    return 0;
}
