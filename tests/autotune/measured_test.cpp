// Machines as they were measured: what of it the cost model takes, and how records tell them apart.
#include <gtest/gtest.h>

#include <algorithm>

#include "schedules/measured_machine.h"

namespace hardnet::testing {
namespace {

const Machine &built_in(const std::string &level) {
    return *std::find_if(machines().begin(), machines().end(),
                         [&](const Machine &m) { return m.level == level; });
}

MachineRecord of_avx512(double gflops) {
    MachineRecord r;
    r.threads = 4;
    r.clock_ghz = 2.5;
    r.l1_bytes = 48 << 10, r.l2_bytes = 2 << 20, r.l3_bytes = 32 << 20;
    r.one.gflops["avx512"] = gflops;
    r.all.memory_gb_s = 36;
    return r;
}

// Two units of 16 lanes at 2.5 GHz make 160 GFLOP/s; others' work takes a quarter of it.
TEST(MeasuredMachines, HaveWholeUnitsAndTheirShareOfMemory) {
    for (double gflops : {160.0, 121.0, 190.0}) {
        const Machine machine = measured_machine(built_in("avx512"), of_avx512(gflops));
        EXPECT_EQ(machine.flops_per_cycle, 64) << gflops;
        EXPECT_DOUBLE_EQ(machine.bytes_per_cycle, 3.6);
        EXPECT_EQ(machine.l2_bytes, 2 << 20);
        EXPECT_EQ(machine.target, built_in("avx512").target);
    }
    EXPECT_EQ(measured_machine(built_in("avx512"), of_avx512(80)).flops_per_cycle, 32);
    EXPECT_EQ(measured_machine(built_in("avx512"), of_avx512(1)).flops_per_cycle, 16);
    EXPECT_EQ(measured_machine(built_in("avx512"), of_avx512(9e5)).flops_per_cycle, 64);
}

TEST(MeasuredMachines, OfOtherLevelsStayAsTheyWere) {
    const Machine avx2 = measured_machine(built_in("avx2"), of_avx512(160));
    EXPECT_EQ(avx2.flops_per_cycle, built_in("avx2").flops_per_cycle);
    EXPECT_EQ(avx2.l2_bytes, built_in("avx2").l2_bytes);
    EXPECT_EQ(measured_name(avx2), "");
    const Machine gpu = measured_machine(gpu_machines().front(), of_avx512(160));
    EXPECT_EQ(gpu.flops_per_cycle, gpu_machines().front().flops_per_cycle);
}

TEST(MeasuredMachines, AreToldApart) {
    for (const Machine &machine : machines(Precision::kInt8)) EXPECT_EQ(measured_name(machine), "");
    EXPECT_EQ(measured_name(measured_machine(built_in("avx512"), of_avx512(160))), "+64/3.6/2048");
    EXPECT_EQ(measured_name(measured_machine(built_in("avx512"), of_avx512(80))), "+32/3.6/2048");
}

}  // namespace
}  // namespace hardnet::testing
