#include "schedules/measured_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hardnet {

Machine measured_machine(Machine machine, const MachineRecord &record) {
    const auto gflops = record.one.gflops.find(machine.level);
    if (machine.gpu() || gflops == record.one.gflops.end()) return machine;
    // A core starts half, one or two vectors of FMAs in a cycle: what it did beside others' work is rounded to that.
    const double vectors = gflops->second / record.clock_ghz / (2 * machine.lanes);
    machine.flops_per_cycle =
        2 * machine.lanes * std::exp2(std::clamp(std::round(std::log2(vectors)), -1.0, 1.0));
    const double bytes = record.all.memory_gb_s / record.threads / record.clock_ghz;
    machine.bytes_per_cycle = std::max(0.1, std::round(bytes * 10) / 10);  // it moves further from day to day
    machine.l2_bytes = record.l2_bytes;
    return machine;
}

std::string measured_name(const Machine &machine) {
    for (const Machine &built_in : machines(Precision::kInt8)) {
        if (built_in.level == machine.level && built_in.flops_per_cycle == machine.flops_per_cycle &&
            built_in.bytes_per_cycle == machine.bytes_per_cycle && built_in.l2_bytes == machine.l2_bytes)
            return "";
    }
    return fmt::format("+{:g}/{:g}/{}", machine.flops_per_cycle, machine.bytes_per_cycle,
                       machine.l2_bytes >> 10);
}

}  // namespace hardnet
