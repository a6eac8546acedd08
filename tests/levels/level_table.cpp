// level_table NETWORK@HxW...: each on every machine and level, one line per run.
// Exit code 1 where a run failed or its logits are off by more than the bound.
#include <cstdio>

#include "tests/levels/subject.h"

using namespace hardnet;
using namespace hardnet::testing;

namespace {

bool print_run(Subject &subject, const TestMachine &machine, const std::string &level, int threads) {
    const Subject::Result result = subject.run(machine, level, threads);
    std::printf("%-22s  %-9s  %-7s  %-14s  %7d  %12.2e  %s\n", subject.name().c_str(),
                subject.oracle().c_str(), level.c_str(), machine.name.c_str(), threads,
                result.difference.relative_rms,
                result.right() ? "ok" : ("wrong: " + result.outcome.err).c_str());
    std::fflush(stdout);
    return result.right();
}

bool print_subject(const std::string &network, InputSize size) {
    Subject subject(network, size);
    if (!subject.error().empty()) {
        std::printf("%-22s  %s\n", subject.name().c_str(), subject.error().c_str());
        return false;
    }
    bool right = true;
    for (const TestMachine &machine : test_machines()) {
        if (!missing_tools(machine).empty() || machine.name == "qemu EPYC-Rome") continue;  // as Haswell
        for (const std::string &level : machine.levels) {
            // Emulated, a whole network takes up to a minute: there the quick test compares thread counts.
            if (machine.emulator.empty()) right &= print_run(subject, machine, level, 1);
            right &= print_run(subject, machine, level, 2);
        }
    }
    return right;
}

}  // namespace

int main(int argc, char **argv) {
    for (const TestMachine &machine : test_machines()) {
        const std::string why = missing_tools(machine);
        if (!why.empty()) std::printf("skipped: %s\n", why.c_str());
    }
    std::printf("%-22s  %-9s  %-7s  %-14s  %7s  %12s\n", "network", "oracle", "level", "machine", "threads",
                "relative RMS");
    bool right = argc > 1;
    for (int i = 1; i < argc; i++) {
        InputSize size;
        char name[64];
        if (std::sscanf(argv[i], "%63[^@]@%dx%d", name, &size.height, &size.width) != 3) {
            std::fprintf(stderr, "level_table: expected NETWORK@HxW, found %s\n", argv[i]);
            return 2;
        }
        right &= print_subject(name, size);
    }
    return right ? 0 : 1;
}
