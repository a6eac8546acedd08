#include "cli/machine_limits.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/cpu_name.h"

namespace hardnet {
namespace {

constexpr int kRounds = 15;  // the best counts: short ones, since others may want the processors
constexpr int64_t kMultiplyAdds = 500'000;            // per chain: about a millisecond
constexpr int64_t kLeastTraffic = int64_t{64} << 20;  // bytes per round
constexpr int64_t kLeastBuffer = int64_t{1} << 20;
constexpr int64_t kMostMemory = int64_t{1}
                                << 28;  // of a thread, that no cache should hold: some L3s are as large
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

// Reads [data, data + elems), whole vectors of 8 chains; leaves something of it in out[0].
template <typename Vector>
[[gnu::always_inline]] inline void read_all(const float *data, int64_t elems, float *out) {
    constexpr int kLanes = sizeof(Vector) / sizeof(float), kReads = 8;
    Vector sums[kReads] = {};
    for (int64_t i = 0; i + kReads * kLanes <= elems; i += kReads * kLanes) {
#pragma GCC unroll 8
        for (int r = 0; r < kReads; r++) {
            Vector value;
            std::memcpy(&value, data + i + r * kLanes, sizeof value);
            sums[r] += value;
        }
    }
    for (int r = 1; r < kReads; r++) sums[0] += sums[r];
    std::memcpy(out, &sums[0], sizeof(float));
}

using Vector4 = float __attribute__((vector_size(16)));
void multiply_add_baseline(float *out) { multiply_add<Vector4>(out); }
void read_baseline(const float *data, int64_t elems, float *out) { read_all<Vector4>(data, elems, out); }

struct Unit {
    void (*run)(float *out);
    void (*read)(const float *data, int64_t elems, float *out);
    int lanes;
};

#if defined(__x86_64__)
using Vector8 = float __attribute__((vector_size(32)));
using Vector16 = float __attribute__((vector_size(64)));
[[gnu::target("avx2,fma")]] void multiply_add_avx2(float *out) { multiply_add<Vector8>(out); }
[[gnu::target("avx512f")]] void multiply_add_avx512(float *out) { multiply_add<Vector16>(out); }
[[gnu::target("avx2,fma")]] void read_avx2(const float *data, int64_t elems, float *out) {
    read_all<Vector8>(data, elems, out);
}
[[gnu::target("avx512f")]] void read_avx512(const float *data, int64_t elems, float *out) {
    read_all<Vector16>(data, elems, out);
}

Unit unit_of(const std::string &level) {
    if (level == "zen4" || level == "avx512") return {multiply_add_avx512, read_avx512, 16};
    if (level == "avx2") return {multiply_add_avx2, read_avx2, 8};
    return {multiply_add_baseline, read_baseline, 4};
}
#else
Unit unit_of(const std::string &) { return {multiply_add_baseline, read_baseline, 4}; }
#endif

// The shortest of several rounds in which every thread runs body(thread), seconds.
double best_seconds(
    int threads, const std::function<void(int)> &body, const std::function<void()> &before = [] {}) {
    double best = 0;
    for (int round = 0; round < kRounds; round++) {
        before();
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

double multiply_add_rate(const Unit &unit, int threads) {
    std::vector<float> out(size_t(threads) * 32);
    const double seconds = best_seconds(threads, [&](int thread) { unit.run(&out[size_t(thread) * 32]); });
    return 2.0 * unit.lanes * kChains * double(kMultiplyAdds) * threads / seconds / 1e9;
}

// Every thread reads `bytes` of its own, over and over.
double own_read_rate(const Unit &unit, int threads, int64_t bytes) {
    const int64_t elems = bytes / 4, passes = std::max<int64_t>(1, kLeastTraffic / bytes);
    const Memory memory = touched(bytes * threads);
    if (!memory) return 0;
    std::vector<float> out(size_t(threads) * 32);
    const double seconds = best_seconds(threads, [&](int thread) {
        const float *data = reinterpret_cast<const float *>(memory.get()) + thread * elems;
        for (int64_t pass = 0; pass < passes; pass++) {
            unit.read(data, elems, &out[size_t(thread) * 32]);
            asm volatile("" : : "r"(data) : "memory");  // the next pass reads again
        }
    });
    return double(passes * bytes) * threads / seconds / 1e9;
}

// By additions that wait for each other, one a cycle; of registers, since some CPUs need no time to add constants.
double clock_ghz() {
    constexpr int64_t kAdditions = 2'000'000;
    const double seconds = best_seconds(1, [](int) {
        uint64_t sum = 0, one = 1;
        for (int64_t i = 0; i < kAdditions; i++) {
#if defined(__x86_64__)
            asm volatile("add %1, %0\n\tadd %1, %0\n\tadd %1, %0\n\tadd %1, %0" : "+r"(sum) : "r"(one));
#else
            asm volatile("add %0, %0, %1\n\tadd %0, %0, %1\n\tadd %0, %0, %1\n\tadd %0, %0, %1"
                         : "+r"(sum)
                         : "r"(one));
#endif
        }
    });
    return 4 * double(kAdditions) / seconds / 1e9;
}

// Threads that spin until all are there, as the runtime's do between steps.
double barrier_us(int threads) {
    constexpr int kBarriers = 2000;
    if (threads < 2) return 0;
    std::atomic<int> arrived{0};
    int64_t base = 0;
    const double seconds = best_seconds(
        threads,
        [&](int) {
            for (int b = 1; b <= kBarriers; b++) {
                arrived++;
                while (arrived.load() < base + int64_t{b} * threads) {
                }
            }
        },
        [&] { base = arrived; });
    return seconds / kBarriers * 1e6;
}

MachineRates measure_rates(const std::vector<std::string> &levels, int threads, const MachineRecord &caches) {
    MachineRates rates;
    for (const std::string &level : levels) rates.gflops[level] = multiply_add_rate(unit_of(level), threads);
    const Unit unit = unit_of(levels.front());
    rates.l1_gb_s = own_read_rate(unit, threads, caches.l1_bytes / 2);
    rates.l2_gb_s = own_read_rate(unit, threads, caches.l2_bytes / 2);
    // What all threads read must fit into the cache that they share, and not into their own.
    const int64_t shared = std::max(caches.l3_bytes / 2 / threads, 2 * caches.l2_bytes);
    rates.l3_gb_s = own_read_rate(unit, threads, std::min(shared, kLeastTraffic / 2));
    rates.memory_gb_s =
        own_read_rate(unit, threads, std::clamp(2 * caches.l3_bytes / threads, kLeastTraffic, kMostMemory));
    return rates;
}

int64_t cache_bytes(int name, int64_t unless_known) {
    const long bytes = sysconf(name);
    return bytes > 0 ? int64_t(bytes) : unless_known;
}

}  // namespace

MachineRecord measure_machine(const std::vector<std::string> &levels, int threads) {
    MachineRecord record;
    record.cpu = cpu_name();
    record.threads = threads;
    record.clock_ghz = clock_ghz();
    record.l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
    record.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
    record.l3_bytes = cache_bytes(_SC_LEVEL3_CACHE_SIZE, 8 << 20);
    record.one = measure_rates(levels, 1, record);
    record.all = measure_rates(levels, threads, record);
    record.barrier_us = barrier_us(threads);
    return record;
}

MachineLimits measure_limits(const std::string &level, int threads, int64_t weight_bytes,
                             int64_t activation_bytes) {
    return {multiply_add_rate(unit_of(level), threads), read_rate(threads, weight_bytes),
            copy_rate(threads, activation_bytes), weight_bytes, activation_bytes};
}

}  // namespace hardnet
