// hardnet import: a checkpoint of any known key set, checked and written under the authors' keys.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "base/files.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "weights/import.h"

namespace hardnet {
namespace {

constexpr uint64_t kMostNameBytes = 16u << 20;

struct ImportOptions {
    std::string checkpoint, model, out, class_names, state_key;
    int resize_short = 0;
    std::vector<float> mean, deviation;  // RGB, or empty
    bool folded = false;
};

bool is_utf8(const std::string &text) {
    try {
        return !nlohmann::json(text).dump().empty();
    } catch (const nlohmann::json::exception &) {
        return false;
    }
}

// One name per line; a line end behind the last one is not a name more, and a byte order mark is no part of the first.
Result<std::vector<std::string>> read_class_names(const std::string &path) {
    const Result<FileBytes> file = read_regular_file(path, kMostNameBytes);
    if (!file) return file.error();
    std::istringstream lines(std::string(reinterpret_cast<const char *>(file->data.get()), file->size));
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);) {
        if (names.empty() && line.rfind("\xef\xbb\xbf", 0) == 0) line.erase(0, 3);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!is_utf8(line))
            return bad_input(path + ":" + std::to_string(names.size() + 1) +
                             ": expected a class name in UTF-8, found " + shown(line));
        names.push_back(line);
    }
    if (names.empty()) return bad_input(path + ": expected a class name per line, found an empty file");
    return names;
}

std::optional<std::array<float, 3>> three(const std::vector<float> &values) {
    if (values.empty()) return std::nullopt;
    return std::array<float, 3>{values[0], values[1], values[2]};
}

Result<ExitCode> import(const ImportOptions &options) {
    const Result<ModelRecord> record = find_record(options.model);
    if (!record) return record.error();
    ImportWishes wishes;
    if (!options.class_names.empty()) {
        const Result<std::vector<std::string>> names = read_class_names(options.class_names);
        if (!names) return names.error();
        wishes.class_names = *names;
    }
    wishes.state_key = options.state_key;
    if (options.resize_short > 0) wishes.resize_short = options.resize_short;
    wishes.mean = three(options.mean);
    wishes.deviation = three(options.deviation);
    const Result<std::vector<std::string>> notes =
        import_checkpoint(options.checkpoint, *record, options.out, options.folded, wishes);
    if (!notes) return notes.error();
    for (const std::string &text : *notes) note(text);
    std::printf("%s: %s's weights\n", options.out.c_str(), record->name.c_str());
    return ExitCode::kOk;
}

}  // namespace

void add_import(CLI::App &program, Action &chosen) {
    CLI::App *verb = add_verb(program, "import",
                              "Check a checkpoint against a network and write it under the authors' keys",
                              "hardnet import hardnet68.pth --model hardnet68 -o hardnet68.safetensors");
    const auto options = std::make_shared<ImportOptions>();
    verb->add_option("CHECKPOINT", options->checkpoint,
                     ".pth (needs python3-torch) or .safetensors; keys of the authors, pytorchcv or folded")
        ->required();
    verb->add_option("--model", options->model, "a network's name or a record's path")->required();
    verb->add_option("-o,--output", options->out, "the file to write")->required();
    verb->add_option(
        "--state-key", options->state_key,
        "of a .pth: the key of its weights, such as state_dict_ema, where the file has several or an "
        "unusual one");
    verb->add_option("--class-names", options->class_names, "a file with a name per line, in class order");
    verb->add_option("--resize-short", options->resize_short,
                     "pixels of an image's short side before the crop")
        ->check(CLI::Validator(between(1, 1 << 15), ""));
    for (const auto &[flag, values, does] :
         {std::tuple("--mean", &options->mean, "R,G,B: subtracted from an image's values in [0, 1]"),
          std::tuple("--deviation", &options->deviation, "R,G,B: what they are divided by then")})
        verb->add_option(flag, *values, does)->delimiter(',')->expected(3);
    verb->add_flag("--folded", options->folded, "fold batch norm into the weights");
    verb->callback([&chosen, options] { chosen = [options] { return import(*options); }; });
}

}  // namespace hardnet
