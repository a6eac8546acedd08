// What the verbs' flags have in common.
#include "cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "runtime/inspect.h"

namespace hardnet {

CLI::App *add_verb(CLI::App &program, const char *name, const char *does, const char *example) {
    CLI::App *verb = program.add_subcommand(name, does);
    verb->footer(std::string("Example:\n  ") + example);
    return verb;
}

void add_device(CLI::App &verb, std::string &device) {
    verb.add_option("--device", device,
                    "cpu; cuda, cuda:N, opencl or opencl:N, of a package that was compiled for it; or auto: "
                    "the best that works; default: cpu");
}

std::string on_device(const LoadedPackage &loaded) {
    hardnet_device_info info;
    if (!hardnet_context_device(loaded.context(), &info)) return "";
    return fmt::format(" on {}, {}", loaded.device(), info.name);
}

std::function<std::string(std::string &)> between(int64_t least, int64_t most) {
    return [=](std::string &text) {
        int64_t value = 0;
        const char *end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc() && stop == end && value >= least && value <= most) return std::string();
        return fmt::format("expected an integer from {} to {}, found {}", least, most, shown(text));
    };
}

std::function<std::string(std::string &)> number_between(double least, double most) {
    return [=](std::string &text) {
        double value = 0;
        const char *end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc() && stop == end && value >= least && value <= most) return std::string();
        return fmt::format("expected a number from {} to {}, found {}", least, most, shown(text));
    };
}

std::function<std::string(std::string &)> one_of(const std::vector<std::string> &words) {
    std::string known = words[0];
    for (size_t i = 1; i < words.size(); i++) known += (i + 1 < words.size() ? ", " : " or ") + words[i];
    return [=](std::string &text) {
        const bool found = std::find(words.begin(), words.end(), text) != words.end();
        return found ? std::string() : "expected " + known + ", found " + text;
    };
}

Result<InputSize> input_size(const std::string &asked, InputSize own) {
    if (asked.empty()) return own;
    constexpr int kMaxExtent = 1 << 16;
    InputSize size;
    const char *end = asked.data() + asked.size();
    const auto height = std::from_chars(asked.data(), end, size.height);
    if (height.ec == std::errc() && height.ptr != end && *height.ptr == 'x') {
        const auto width = std::from_chars(height.ptr + 1, end, size.width);
        if (width.ec == std::errc() && width.ptr == end && size.height >= 1 && size.width >= 1 &&
            size.height <= kMaxExtent && size.width <= kMaxExtent)
            return size;
    }
    return usage_error(
        fmt::format("--input: expected HEIGHTxWIDTH such as 224x224, each from 1 to {}, found {}", kMaxExtent,
                    shown(asked)));
}

Error no_compiler(const std::string &verb) {
    return environment_error(verb +
                             ": expected a program with the compiler, found one that was built without "
                             "(HARDNET_WITH_COMPILER=OFF); "
                             "with it, it needs Halide 21");
}

}  // namespace hardnet
