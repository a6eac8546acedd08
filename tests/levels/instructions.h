// What instructions a package's x86 kernels consist of, and which of them a CPU with certain features lacks.
//
// Disassembled by binutils' objdump, which comes with every C compiler and knows all of AVX-512. The table knows
// instructions by name; one that it does not know counts as missing from every CPU, so that a code generator's new
// ideas are looked at once.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hardnet::testing {

// HARDNET_CPU_ bits that an instruction needs, 0 where every x86-64 CPU has it, nothing where it is unknown:
// "c4 e2 f8 f2 c1", "andn rax,rax,rcx" needs BMI1.
std::optional<uint32_t> features_needed(const std::string &bytes, const std::string &instruction);

// An object's, by mnemonic as objdump's Intel syntax has it.
struct Instructions {
    std::map<std::string, std::optional<uint32_t>> needed;  // all that any form of it in the object needs
};
// Of an archive's objects, by their files' names; empty where objdump failed.
std::map<std::string, Instructions> disassemble(const std::string &archive);

// "andn (bmi1)" for each that a CPU of these features lacks; "xyz (unknown)".
std::vector<std::string> foreign(const Instructions &instructions, uint32_t features);

}  // namespace hardnet::testing
