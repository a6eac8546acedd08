// The `hardnet` program: reads the command line, does the one verb that it names, and ends with an exit code
// of models/result.h. Errors are one line on stderr.
#include <cstdio>
#include <new>

#include "cli/console.h"
#include "cli/usage.h"
#include "cli/verbs.h"
#include "hardnet/hardnet.h"

namespace hardnet {
namespace {

int run_program(int argc, char **argv) {
    prepare_console();
    CLI::App program(
        "A compiler for HarDNet networks: from a checkpoint to a package of kernels, and what runs it.",
        "hardnet");
    program.set_version_flag("--version", hardnet_version());
    program.footer(
        "Example:\n  hardnet compile hardnet68 --weights seed:1 --input 224x224 -o packages/hardnet68\n"
        "\nExit codes: 0 ok, 1 result not as asked, 2 usage, 3 bad input, 4 part of a batch failed,\n"
        "5 environment, 6 internal, 130 interrupted.");
    Action chosen;
    add_list(program, chosen);
    add_inspect(program, chosen);
    add_import(program, chosen);
    add_compile(program, chosen);
    add_run(program, chosen);
    add_verify(program, chosen);
    add_bench(program, chosen);
    add_doctor(program, chosen);

    if (const Status verb = check_verb(program, argc, argv); !verb) return report(verb.error());
    try {
        program.parse(argc, argv);
    } catch (const CLI::Success &help) {  // --help, --version
        program.exit(help);
        const Status printed = finish_stdout();
        return printed ? 0 : report(printed.error());
    } catch (const CLI::ParseError &error) {
        return report(usage_fault(program, error));
    }
    const Result<ExitCode> result =
        chosen ? chosen() : Result<ExitCode>(usage_error("expected a verb, found nothing"));
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
