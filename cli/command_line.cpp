#include "cli/command_line.h"

#include <cstdio>
#include <sstream>

#include "cli/usage.h"
#include "cli/verbs.h"
#include "hardnet/hardnet.h"

namespace hardnet {

CommandLine::CommandLine()
    : program_(
          "A compiler for HarDNet networks: from a checkpoint to a package of kernels, and what runs it.",
          "hardnet") {
    program_.set_version_flag("--version", hardnet_version());
    program_.footer(
        "Example:\n  hardnet compile hardnet68 --weights seed:1 --input 224x224 -o packages/hardnet68\n"
        "\nExit codes: 0 ok, 1 result not as asked, 2 usage, 3 bad input, 4 part of a batch failed,\n"
        "5 environment, 6 internal, 130 interrupted.");
    add_list(program_, chosen_);
    add_inspect(program_, chosen_);
    add_import(program_, chosen_);
    add_compile(program_, chosen_);
    add_run(program_, chosen_);
    add_verify(program_, chosen_);
    add_bench(program_, chosen_);
    add_tune(program_, chosen_);
    add_explain(program_, chosen_);
    add_doctor(program_, chosen_);
}

Result<Action> CommandLine::parse(int argc, const char *const *argv) {
    chosen_ = nullptr;
    if (const Status verb = check_verb(program_, argc, argv); !verb) return verb.error();
    try {
        program_.parse(argc, argv);
    } catch (const CLI::Success &help) {  // --help, --version
        std::ostringstream text;
        program_.exit(help, text, text);
        return Action([text = text.str()]() -> Result<ExitCode> {
            std::fputs(text.c_str(), stdout);
            return ExitCode::kOk;
        });
    } catch (const CLI::ParseError &error) {
#ifndef HARDNET_WITH_COMPILER  // which flags it would take is of no use then
        for (const char *verb : {"compile", "tune", "explain"})
            if (program_.got_subcommand(verb)) return no_compiler(verb);
#endif
        return usage_fault(program_, error);
    }
    if (!chosen_) return usage_error("expected a verb, found nothing");
    return chosen_;
}

}  // namespace hardnet
