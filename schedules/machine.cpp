#include "schedules/machine.h"

#include <set>

#include "runtime/inspect.h"

namespace hardnet {
namespace {

std::vector<Machine> of_platform(const std::string &platform, Precision precision) {
    std::vector<Machine> result;
    for (const Machine &m : machines(precision)) {
        if (m.platform == platform) result.push_back(m);
    }
    return result;
}

Result<std::vector<Machine>> host_machines(Precision precision) {
    const uint32_t features = hardnet_cpu_features();
    std::vector<Machine> result;
    for (const Machine &m : machines(precision)) {
        if (m.features & ~features) continue;
        if (m.level == "sse41" && !result.empty())
            continue;  // never chosen where avx2 runs; it would cost a third of the time
        result.push_back(m);
    }
    if (!result.empty()) return result;
    return environment_error(
        "target host: expected a CPU with SSE4.1 or NEON, found one without (name a --target)");
}

// In front of them the level whose CPUs add products of int16 or int8 to a sum in one instruction: of float32 it would
// compute the same as avx512.
std::vector<Machine> with_vnni(const std::vector<Machine> &others) {
    Machine zen4 = others.front();
    zen4.level = "zen4";
    zen4.target += "-avx512_cannonlake-avx512_zen4";
    zen4.features = HARDNET_ZEN4_FEATURES;
    zen4.dot_factor = IntegerType::kUint8;
    zen4.float32_level = others.front().level;
    std::vector<Machine> all{zen4};
    all.insert(all.end(), others.begin(), others.end());
    return all;
}

// In front of neon, the last, the same of ARM64.
std::vector<Machine> with_dot_products(const std::vector<Machine> &others) {
    Machine dotprod = others.back();
    dotprod.level = "dotprod";
    dotprod.target += "-arm_dot_prod";
    dotprod.features = HARDNET_DOTPROD_FEATURES;
    dotprod.dot_factor = IntegerType::kInt8;
    dotprod.float32_level = others.back().level;
    std::vector<Machine> all = others;
    all.insert(all.end() - 1, dotprod);
    return all;
}

}  // namespace

// Accumulators: what is left of 32 (16) registers beside the weights of a step; without AVX a broadcast takes
// a register and products overwrite a factor, and 3x4 blocks spill. For NEON all registers but one, see
// fits(). The rates are Zen 4's, 3.67 GHz, where 512-bit instructions issue at half the rate of 256-bit ones,
// and for NEON those of a Cortex-A76 (two FMA pipes; 10 GB/s at 2.4 GHz); only ratios matter to the cost
// model. Without FMA two multipliers and two adders make 16 operations.
const std::vector<Machine> &machines(Precision precision) {
    static const std::vector<Machine> float32 = {
        {"avx512", "x86_64-linux", "x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake",
         HARDNET_AVX512_FEATURES, 16, 8, 26, 32, 7.6, ScheduleFamily::kX86, true},
        {"avx2", "x86_64-linux", "x86-64-linux-sse41-avx-f16c-fma-avx2", HARDNET_AVX2_FEATURES, 8, 8, 12, 32,
         7.6, ScheduleFamily::kX86, true},
        {"sse41", "x86_64-linux", "x86-64-linux-sse41", HARDNET_SSE41_FEATURES, 4, 4, 10, 16, 7.6},
        {"neon", "aarch64-linux", "arm-64-linux", HARDNET_NEON_FEATURES, 4, 4, 31, 16, 4.2,
         ScheduleFamily::kArm},
    };
    static const std::vector<Machine> int16 = with_vnni(float32), int8 = with_dot_products(int16);
    return precision == Precision::kInt8 ? int8 : precision == Precision::kInt16 ? int16 : float32;
}

namespace {

Machine gpu_machine(const char *level, const char *target, hardnet_device_kind device) {
    Machine m;
    m.level = m.platform = level;
    m.target = target;
    m.lanes = m.narrow_lanes = 4;
    m.accumulators = 32;
    m.family = ScheduleFamily::kGpu;
    m.device = device;
    return m;
}

}  // namespace

// The model's rates are an H100's; PTX for capability 7.0 is what every later one runs. OpenCL's are a GPU of 32 compute
// units, with blocks that any takes: AMD's drivers admit 256 threads, and OpenCL 1.2 grants no more than 32 KiB.
const std::vector<Machine> &gpu_machines() {
    static const std::vector<Machine> all = [] {
        Machine cuda = gpu_machine("cuda", "x86-64-linux-cuda-cuda_capability_70", HARDNET_DEVICE_CUDA);
        cuda.multiprocessors = 132;
        cuda.flops_per_cycle = 33792;  // 67 TFLOP/s and 3.35 TB/s at 1.98 GHz
        cuda.bytes_per_cycle = 1692;
        cuda.most_threads = 512;
        cuda.most_shared_bytes = 48 << 10;
        Machine opencl = gpu_machine("opencl", "x86-64-linux-opencl", HARDNET_DEVICE_OPENCL);
        opencl.multiprocessors = 32;
        opencl.flops_per_cycle = 4096;  // 64 lanes each; 500 GB/s at 2 GHz
        opencl.bytes_per_cycle = 250;
        opencl.most_threads = 256;
        opencl.most_shared_bytes = 32 << 10;
        return std::vector<Machine>{cuda, opencl};
    }();
    return all;
}

namespace {

Result<std::vector<Machine>> machines_behind(const std::string &target, Precision precision) {
    if (target == "host") return host_machines(precision);
    if (target == "x86-64") return of_platform("x86_64-linux", precision);
    if (target == "arm64") return of_platform("aarch64-linux", precision);
    static const std::pair<const char *, const char *> aliases[] = {
        {"x86-64-v4", "avx512"}, {"x86-64-v3", "avx2"}, {"x86-64-v2", "sse41"}};
    std::string wanted = target;
    for (const auto &[alias, level] : aliases) {
        if (target == alias) wanted = level;
    }
    for (const std::vector<Machine> *all : {&machines(precision), &gpu_machines()}) {
        for (const Machine &m : *all) {
            if (m.target == wanted || m.level == wanted) return std::vector<Machine>{m};
        }
    }
    return usage_error(
        "target: expected host, x86-64, x86-64-v2, x86-64-v3, x86-64-v4, arm64, cuda or opencl, found '" +
        target + "'");
}

}  // namespace

Result<std::vector<Machine>> machines_for(const std::vector<std::string> &targets, Precision precision) {
    std::set<std::string> wanted;
    for (const std::string &target : targets) {
        auto some = machines_behind(target, precision);
        if (!some) return some.error();
        for (const Machine &m : *some) wanted.insert(m.target);
    }
    std::vector<Machine> result;
    for (const std::vector<Machine> *all : {&machines(precision), &gpu_machines()}) {
        for (const Machine &m : *all) {
            if (wanted.count(m.target)) result.push_back(m);
        }
    }
    return result;
}

}  // namespace hardnet
