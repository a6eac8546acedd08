// The program's verbs. Each add_* declares a verb's flags; when the verb is asked for, it stores what is to
// be done.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

#include "base/result.h"
#include "graph/network.h"
#include "package/loaded_package.h"

namespace hardnet {

// kOk, or kResultNotAsAsked where the printed result says what is wrong.
using Action = std::function<Result<ExitCode>()>;

void add_list(CLI::App &program, Action &chosen);
void add_inspect(CLI::App &program, Action &chosen);
void add_import(CLI::App &program, Action &chosen);
void add_compile(CLI::App &program, Action &chosen);
void add_run(CLI::App &program, Action &chosen);
void add_verify(CLI::App &program, Action &chosen);
void add_bench(CLI::App &program, Action &chosen);
void add_tune(CLI::App &program, Action &chosen);
void add_explain(CLI::App &program, Action &chosen);
void add_doctor(CLI::App &program, Action &chosen);

// A subcommand whose help ends with `example`.
CLI::App *add_verb(CLI::App &program, const char *name, const char *does, const char *example);

// --device, which run, verify and bench have.
void add_device(CLI::App &verb, std::string &device);
// " on cuda:0, NVIDIA H100", behind a level's name; "" on the CPU.
std::string on_device(const LoadedPackage &loaded);

// A check for CLI11: "expected an integer from 1 to 9, found ...".
std::function<std::string(std::string &)> between(int64_t least, int64_t most);
std::function<std::string(std::string &)> number_between(double least, double most);

// "expected auto, winograd or direct, found ...".
std::function<std::string(std::string &)> one_of(const std::vector<std::string> &words);

// What --input asks for, "224x224" (height, then width); empty: the network's own.
Result<InputSize> input_size(const std::string &asked, InputSize own);

// What a verb says that needs the compiler, in a program that was built without.
Error no_compiler(const std::string &verb);

}  // namespace hardnet
