// The program's command line: from words to what is to be done, doing nothing yet.
#pragma once
#include <CLI/CLI.hpp>

#include "cli/verbs.h"

namespace hardnet {

class CommandLine {
public:
    CommandLine();
    CommandLine(const CommandLine &) = delete;

    // The verb's action, or that of --help and --version, which prints.
    Result<Action> parse(int argc, const char *const *argv);

private:
    CLI::App program_;
    Action chosen_;  // set by the verbs' callbacks
};

}  // namespace hardnet
