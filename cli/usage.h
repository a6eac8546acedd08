// What a user typed wrong, as an error of one line.
#pragma once
#include <CLI/CLI.hpp>

#include "base/result.h"

namespace hardnet {

// Nothing where argv[1] is a verb or a flag, else an error that names the nearest verb.
Status check_verb(const CLI::App &program, int argc, const char *const *argv);

// CLI11's complaint in the program's own form, with the hint where help is found.
Error usage_fault(const CLI::App &program, const CLI::ParseError &error);

}  // namespace hardnet
