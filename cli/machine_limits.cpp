#include "cli/machine_limits.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace hardnet {
namespace {

constexpr int kRounds = 15;  // the best counts: short ones, since others may want the processors
constexpr int64_t kMultiplyAdds = 500'000;            // per chain: about a millisecond
constexpr int64_t kLeastTraffic = int64_t{64} << 20;  // bytes per round
constexpr int64_t kLeastBuffer = int64_t{1} << 20;
constexpr int kChains =
    10;  // independent sums: latency 4 x 2 units need 8, and 16 registers hold these and two factors

// Ten chains of sum = sum * factor + term, `Vector` wide; leaves their total in out[0].
template <typename Vector>
[[gnu::always_inline]] inline void multiply_add(float *out) {
    Vector factor, term, s[kChains];
    for (size_t i = 0; i < sizeof(Vector) / sizeof(float); i++) factor[i] = 0.999f, term[i] = 0.001f;
    for (Vector &sum : s) sum = term;
    for (int64_t i = 0; i < kMultiplyAdds; i++) {
#pragma GCC unroll 10
        for (Vector &sum : s) sum = sum * factor + term;
    }
    for (int i = 1; i < kChains; i++) s[0] += s[i];
    std::memcpy(out, &s[0], sizeof(float));
}

using Vector4 = float __attribute__((vector_size(16)));
void multiply_add_baseline(float *out) { multiply_add<Vector4>(out); }

struct Unit {
    void (*run)(float *out);
    int lanes;
};

#if defined(__x86_64__)
using Vector8 = float __attribute__((vector_size(32)));
using Vector16 = float __attribute__((vector_size(64)));
[[gnu::target("avx2,fma")]] void multiply_add_avx2(float *out) { multiply_add<Vector8>(out); }
[[gnu::target("avx512f")]] void multiply_add_avx512(float *out) { multiply_add<Vector16>(out); }

Unit unit_of(const std::string &level) {
    if (level == "zen4" || level == "avx512") return {multiply_add_avx512, 16};
    if (level == "avx2") return {multiply_add_avx2, 8};
    return {multiply_add_baseline, 4};
}
#else
Unit unit_of(const std::string &) { return {multiply_add_baseline, 4}; }
#endif

// The shortest of several rounds in which every thread runs body(thread), seconds.
double best_seconds(int threads, const std::function<void(int)> &body) {
    double best = 0;
    for (int round = 0; round < kRounds; round++) {
        const auto start = std::chrono::steady_clock::now();
        std::vector<std::thread> others;
        for (int t = 1; t < threads; t++) others.emplace_back(body, t);
        body(0);
        for (std::thread &other : others) other.join();
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (round == 0 || seconds < best) best = seconds;
    }
    return best;
}

struct Free {
    void operator()(void *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<uint64_t, Free>;

// As the runtime's: touched, and on huge pages where the system has them.
Memory touched(int64_t bytes) {
    constexpr size_t kHugePage = size_t{2} << 20;
    void *memory = std::aligned_alloc(kHugePage, (size_t(bytes) + kHugePage - 1) / kHugePage * kHugePage);
    if (!memory) return nullptr;
    madvise(memory, size_t(bytes), MADV_HUGEPAGE);
    std::memset(memory, 1, size_t(bytes));
    return Memory(static_cast<uint64_t *>(memory));
}

// Elements [first, end) of `elems` that a thread takes.
struct Share {
    int64_t first, end;
};
Share share_of(int64_t elems, int thread, int threads) {
    return {elems * thread / threads, elems * (thread + 1) / threads};
}

double read_rate(int threads, int64_t bytes) {
    const int64_t elems = std::max(bytes, kLeastBuffer) / 8;
    const int64_t passes = std::max<int64_t>(1, kLeastTraffic / (elems * 8));
    const Memory memory = touched(elems * 8);
    if (!memory) return 0;
    std::vector<uint64_t> sums(size_t(threads) *
                               16);  // 16 apart: a cache line of its own each, and a neighbour's
    const double seconds = best_seconds(threads, [&](int thread) {
        const Share share = share_of(elems, thread, threads);
        const uint64_t *data = memory.get();
        for (int64_t pass = 0; pass < passes; pass++) {
            uint64_t sum = 0;
            for (int64_t i = share.first; i < share.end; i++) sum += data[i];
            sums[size_t(thread) * 16] += sum;
            asm volatile("" : : "r"(data) : "memory");  // the next pass reads again
        }
    });
    return double(passes * elems * 8) / seconds / 1e9;
}

double copy_rate(int threads, int64_t bytes) {
    const int64_t elems = std::max(bytes, kLeastBuffer) / 16;  // of each half
    const int64_t passes = std::max<int64_t>(1, kLeastTraffic / (elems * 16));
    const Memory memory = touched(elems * 16);
    if (!memory) return 0;
    const double seconds = best_seconds(threads, [&](int thread) {
        const Share share = share_of(elems, thread, threads);
        uint64_t *data = memory.get();
        for (int64_t pass = 0; pass < passes; pass++) {
            std::memcpy(data + elems + share.first, data + share.first, size_t(share.end - share.first) * 8);
            asm volatile("" : : "r"(data) : "memory");
        }
    });
    return double(passes * elems * 16) / seconds / 1e9;
}

}  // namespace

MachineLimits measure_limits(const std::string &level, int threads, int64_t weight_bytes,
                             int64_t activation_bytes) {
    const Unit unit = unit_of(level);
    std::vector<float> out(size_t(threads) * 32);
    const double seconds = best_seconds(threads, [&](int thread) { unit.run(&out[size_t(thread) * 32]); });
    const double operations = 2.0 * unit.lanes * kChains * double(kMultiplyAdds) * threads;
    return {operations / seconds / 1e9, read_rate(threads, weight_bytes),
            copy_rate(threads, activation_bytes), weight_bytes, activation_bytes};
}

}  // namespace hardnet
