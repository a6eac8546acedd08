#include "tests/levels/machines.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "runtime/inspect.h"
#include "schedules/machine.h"

namespace hardnet::testing {
namespace {

const char kArm[] = "aarch64-linux", kX86[] = "x86_64-linux";
const char kArmCompiler[] = "aarch64-linux-gnu-gcc";

std::vector<std::string> levels_of_this_cpu() {
    std::vector<std::string> levels;
    for (const Machine &m : machines()) {
        if (!(m.features & ~hardnet_cpu_features())) levels.push_back(m.level);
    }
    return levels;
}

bool on_path(const std::string &tool) {
    std::istringstream folders(getenv("PATH") ? getenv("PATH") : "");
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (access((folder + "/" + tool).c_str(), X_OK) == 0) return true;
    }
    return false;
}

std::string contents(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Outcome shell(const std::string &command, const std::string &scratch) {
    const std::string out = scratch + ".out", err = scratch + ".err";
    const int status = std::system((command + " >'" + out + "' 2>'" + err + "' </dev/null").c_str());
    Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(out),
                    contents(err)};
    unlink(out.c_str());
    unlink(err.c_str());
    return outcome;
}

}  // namespace

// qemu's qemu64 is the only model here without SSE4.1. It emulates no AVX-512, so that level runs on real
// CPUs alone. BMI1 goes with BMI2: without it qemu 7.2 refuses BZHI too, which glibc's memcmp has. A Cortex-A53 is ARMv8.0 and nothing beyond, as the neon level is.
const std::vector<TestMachine> &test_machines() {
    static const std::vector<TestMachine> all = {
        {"this CPU", kX86, "", levels_of_this_cpu()},
        {"qemu Haswell", kX86, "qemu-x86_64 -cpu Haswell", {"avx2"}},
        {"qemu Haswell without BMI", kX86, "qemu-x86_64 -cpu Haswell,-bmi1,-bmi2", {"sse41"}},
        {"qemu EPYC-Rome", kX86, "qemu-x86_64 -cpu EPYC-Rome", {"avx2"}},
        {"qemu Nehalem", kX86, "qemu-x86_64 -cpu Nehalem", {"sse41"}},
        {"qemu qemu64", kX86, "qemu-x86_64 -cpu qemu64", {}},
        {"qemu aarch64", kArm, "qemu-aarch64 -cpu cortex-a53", {"neon"}},
        {"qemu aarch64 with dot products", kArm, "qemu-aarch64 -cpu max", {"neon"}},
    };
    return all;
}

const TestMachine &test_machine(const std::string &name) {
    for (const TestMachine &machine : test_machines()) {
        if (machine.name == name) return machine;
    }
    throw std::out_of_range("no machine " + name);
}

std::string missing_tools(const TestMachine &machine) {
    const std::string cpu = machine.name + ": ",
                      emulator = machine.emulator.substr(0, machine.emulator.find(' '));
    if (machine.platform == kArm && (!on_path(kArmCompiler) || !*HARDNET_ARM64_RUNTIME))
        return cpu + kArmCompiler +
               ": not found when this was configured (apt-get install gcc-aarch64-linux-gnu "
               "libc6-dev-arm64-cross)";
    if (!emulator.empty() && !on_path(emulator))
        return cpu + emulator + ": not found (apt-get install qemu-user)";
    return "";
}

Program build_runner(const std::string &folder, const std::string &platform) {
    const bool arm = platform == kArm;
    const std::string source = HARDNET_SOURCE_DIR, program = folder + "/runner-" + platform;
    std::string command =
        std::string(arm ? kArmCompiler : "cc") + " -std=c99 -O1 -static -pthread -o '" + program + "'";
    for (const std::string &include : {source + "/runtime/include", folder})
        command += " -I '" + include + "'";
    for (const std::string &part : {source + "/tests/levels/runner.c", folder + "/tested.c",
                                    folder + "/lib/" + platform + "/libtested.a",
                                    std::string(arm ? HARDNET_ARM64_RUNTIME : HARDNET_X86_RUNTIME)}) {
        command += " '" + part + "'";
    }
    const Outcome outcome = shell(command, program);
    return {program, outcome.code == 0 ? "" : command + ": " + outcome.err};
}

Outcome run_on(const TestMachine &machine, const Program &program,
               const std::vector<std::string> &arguments) {
    std::string command = machine.emulator + " '" + program.path + "'";
    for (const std::string &argument : arguments) command += " '" + argument + "'";
    return shell(command, program.path);
}

}  // namespace hardnet::testing
