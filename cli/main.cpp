// The `hardnet` program: reads the command line, does the one verb that it names, and ends with an exit code
// of base/result.h. Errors are one line on stderr.
#include <new>

#include "cli/command_line.h"
#include "cli/console.h"

namespace hardnet {
namespace {

int run_program(int argc, char **argv) {
    prepare_console();
    CommandLine line;
    const Result<Action> action = line.parse(argc, argv);
    if (!action) return report(action.error());
    const Result<ExitCode> result = (*action)();
    if (!result) return report(result.error());
    if (const Status printed = finish_stdout(); !printed) return report(printed.error());
    return int(*result);
}

}  // namespace
}  // namespace hardnet

int main(int argc, char **argv) {
    try {
        return hardnet::run_program(argc, argv);
    } catch (const std::bad_alloc &) {
        return hardnet::report(hardnet::environment_error("memory: expected more of it, found none left"));
    } catch (const std::exception &error) {
        return hardnet::report({hardnet::ExitCode::kInternal, std::string("internal: ") + error.what(), {}});
    }
}
