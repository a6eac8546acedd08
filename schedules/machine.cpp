#include "schedules/machine.h"

#include "hardnet/plan.h"

namespace hardnet {
namespace {

constexpr uint32_t kAvx2Features =
    HARDNET_CPU_SSE41 | HARDNET_CPU_AVX | HARDNET_CPU_F16C | HARDNET_CPU_FMA | HARDNET_CPU_AVX2;

}  // namespace

// Accumulators: what is left of 32 (16) registers beside the weights of a step. The rates are Zen 4's, 3.67 GHz, where
// 512-bit instructions issue at half the rate of 256-bit ones; only ratios matter to the cost model.
const std::vector<Machine> &machines() {
    static const std::vector<Machine> all = {
        {"avx512", "x86_64-linux", "x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake",
         kAvx2Features | HARDNET_CPU_AVX512, 16, 8, 26, 32, 7.6},
        {"avx2", "x86_64-linux", "x86-64-linux-sse41-avx-f16c-fma-avx2", kAvx2Features, 8, 8, 12, 32, 7.6},
    };
    return all;
}

Result<std::vector<Machine>> machines_for(const std::string &target) {
    if (target == "host" || target == "x86-64") return machines();
    if (target == "x86-64-v4") return std::vector<Machine>{machines()[0]};
    if (target == "x86-64-v3") return std::vector<Machine>{machines()[1]};
    for (const Machine &m : machines()) {
        if (m.target == target || m.level == target) return std::vector<Machine>{m};
    }
    return usage_error("target: expected host, x86-64, x86-64-v3 or x86-64-v4, found '" + target + "'");
}

}  // namespace hardnet
