// The command line, up to where work would begin: an input's lines are the words. No verb is run.
#include "cli/command_line.h"

#include <optional>
#include <vector>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using namespace hardnet;
    // One for many inputs: making it takes longer than parsing. Not for all: CLI11 keeps a note of every option that
    // it ever parsed, which the program does once.
    constexpr int kInputs = 1 << 16;
    static std::optional<CommandLine> line;
    static int inputs = 0;
    if (inputs++ % kInputs == 0) line.emplace();
    std::vector<std::string> words = {"hardnet"};
    if (size > 0) words.emplace_back();
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n')
            words.emplace_back();
        else if (data[i] != 0)  // a word of the system's ends there
            words.back() += char(data[i]);
    }
    std::vector<const char *> argv;
    for (const std::string &word : words) argv.push_back(word.c_str());
    const Result<Action> action = line->parse(int(argv.size()), argv.data());
    // Of a program without the compiler, as this one is, its verbs are refused whatever their flags are.
    if (!action) {
        const ExitCode code = action.error().code;
        require((code == ExitCode::kUsage || code == ExitCode::kEnvironment) && !action.error().what.empty());
    }
    const Result<InputSize> input = input_size(words.back(), {1, 1});
    require(!input || (input->height > 0 && input->width > 0));
    return 0;
}
