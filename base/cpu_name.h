// What the system calls this machine's CPU: times that were measured on one say little of another.
#pragma once
#include <string>

namespace hardnet {

// "AMD EPYC 9654 96-Core Processor"; on ARM, whose kernel knows numbers alone, "CPU implementer 0x41, part 0xd0c".
std::string cpu_name();

// The same of the text of a /proc/cpuinfo; "unknown" where it says nothing.
std::string cpu_name(const std::string &cpuinfo);

}  // namespace hardnet
