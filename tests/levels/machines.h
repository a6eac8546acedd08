// The machines that levels run on: this CPU, and others under qemu-user.
#pragma once
#include <string>
#include <vector>

namespace hardnet::testing {

struct TestMachine {
    std::string name;                 // "this CPU", "qemu Haswell"
    std::string platform;             // a package's folder under lib/
    std::string emulator;             // command that a program's path follows; "" for this CPU
    std::vector<std::string> levels;  // to run on it, best first; of this CPU: all that CPUID allows
};

const std::vector<TestMachine> &test_machines();
const TestMachine &test_machine(const std::string &name);

// Why programs cannot be built for the machine or run on it here, with the line that helps; "" where they
// can.
std::string missing_tools(const TestMachine &machine);

struct Program {
    std::string path, error;  // error: the compiler's, then there is no program
};
// runner.c, the runtime and the plan and kernels of the package "tested" in `folder`, linked statically.
Program build_runner(const std::string &folder, const std::string &platform);

struct Outcome {
    int code = -1;  // 128 + the signal where one ended it
    std::string out, err;
};
Outcome run_on(const TestMachine &machine, const Program &program, const std::vector<std::string> &arguments);

}  // namespace hardnet::testing
