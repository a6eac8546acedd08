// What a machine was measured to do: `hardnet doctor --measure` writes it, also on a board that has no compiler, and the
// compiler plans with it where it is asked to.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"

namespace hardnet {

struct MachineRates {  // of one core, or of all of them together
    std::map<std::string, double>
        gflops{};  // multiply-adds in registers, per CPU level; one is two operations
    double l1_gb_s = 0, l2_gb_s = 0, l3_gb_s = 0, memory_gb_s = 0;  // reading
};

struct MachineRecord {
    std::string cpu, version, date;                    // as the system calls it; of the program; UTC
    int threads = 1;                                   // of `all`
    double clock_ghz = 0;                              // of a core that computes
    int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;  // caches that a core reads through
    MachineRates one, all;
    double barrier_us = 0;  // all threads wait for each other; 0 with one
};

// machine.json in the user's data folder.
std::string machine_record_path();

std::string machine_record_text(const MachineRecord &record);

// Refuses with line and column what is no such record, and rates that are no positive numbers.
Result<MachineRecord> read_machine_record(const std::string &path);

}  // namespace hardnet
