// What the inner loops of a kernel's assembly do, counted.
#pragma once
#include <string>
#include <vector>

#include "schedules/machine.h"

namespace hardnet {

struct InstructionMix {
    int total = 0;
    int multiply_adds = 0;  // fused, or multiplications alone
    int arithmetic = 0;     // other arithmetic on vectors
    int loads = 0;          // from memory, also as an operand of another instruction
    int stores = 0;
    int prefetches = 0;
};

struct InnerLoop {
    std::vector<std::string> lines;  // from its label to the jump back
    InstructionMix mix;
    // Of one iteration on the modelled machine: two loads and one store a cycle, as many multiply-adds as its peak has, six
    // instructions in all; the latency of chains is not looked at.
    double cycles = 0;
    std::string bound;  // what takes that long: "multiply-adds", "loads", "stores" or "instructions"
};

// Those within which no other one lies, most multiply-adds first. `text` is what LLVM writes for x86 (AT&T) or ARM64.
std::vector<InnerLoop> inner_loops(const std::string &text, const Machine &machine);

}  // namespace hardnet
