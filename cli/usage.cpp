#include "cli/usage.h"

#include <fmt/format.h>

#include "base/text.h"

namespace hardnet {
namespace {

std::vector<std::string> verb_names(const CLI::App &program) {
    std::vector<std::string> names;
    for (const CLI::App *verb : program.get_subcommands({})) names.push_back(verb->get_name());
    return names;
}

std::vector<std::string> flag_names(const CLI::App &verb) {
    std::vector<std::string> names;
    for (const CLI::Option *option : verb.get_options())
        for (const std::string &name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

Error with_hint(std::string what, const std::string &command) {
    Error error = usage_error(std::move(what));
    error.detail.push_back(command + " --help shows what it takes");
    return error;
}

// The two sides of `separator` in `text`; the second is empty where there is none.
std::pair<std::string, std::string> split(const std::string &text, const std::string &separator) {
    const size_t at = text.find(separator);
    if (at == std::string::npos) return {text, ""};
    return {text.substr(0, at), text.substr(at + separator.size())};
}

std::string fault_text(const CLI::App &verb, const CLI::ParseError &error) {
    const std::string text = error.what();
    if (dynamic_cast<const CLI::ExtrasError *>(&error)) {
        const std::vector<std::string> extras = verb.remaining();
        const std::string extra = extras.empty() ? "" : extras.front();
        const bool flag = extra.rfind("-", 0) == 0;
        return fmt::format("expected {}, found {}{}", flag ? "a known flag" : "no further argument",
                           shown(extra), flag ? did_you_mean(split(extra, "=").first, flag_names(verb)) : "");
    }
    if (dynamic_cast<const CLI::RequiredError *>(&error))
        return fmt::format("expected {}, found nothing", split(text, " is required").first);
    if (dynamic_cast<const CLI::ConversionError *>(&error)) {
        const auto [flag, value] = split(split(text, ": ").second, " = ");
        return fmt::format("{}: expected a number, found {}", flag, shown(value));
    }
    if (dynamic_cast<const CLI::ArgumentMismatch *>(&error))
        return split(text, ":").first + ": expected one value, found another number of them";
    return text;
}

}  // namespace

Status check_verb(const CLI::App &program, int argc, const char *const *argv) {
    const std::vector<std::string> names = verb_names(program);
    const std::string first = argc > 1 ? argv[1] : "";
    if (argc > 1 && first.rfind("-", 0) == 0) return ok();
    if (std::find(names.begin(), names.end(), first) != names.end()) return ok();
    const std::string found = argc > 1 ? shown(first) + did_you_mean(first, names) : "nothing";
    return with_hint(fmt::format("expected {}, found {}", fmt::join(names, ", "), found), "hardnet");
}

Error usage_fault(const CLI::App &program, const CLI::ParseError &error) {
    const std::vector<CLI::App *> verbs = program.get_subcommands();
    if (verbs.empty()) return with_hint(fault_text(program, error), "hardnet");
    const std::string name = verbs.front()->get_name();
    return with_hint(name + ": " + fault_text(*verbs.front(), error), "hardnet " + name);
}

}  // namespace hardnet
