// hardnet import: a checkpoint of any known key set, checked and written under the authors' keys.
#include <cstdio>
#include <memory>
#include <tuple>

#include "cli/class_names_file.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "weights/import.h"

namespace hardnet {
namespace {

struct ImportOptions {
    std::string checkpoint, model, out, class_names, state_key;
    int resize_short = 0;
    std::vector<float> mean, deviation;  // per input plane, or empty
    bool folded = false;
};

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
    if (!options.mean.empty()) wishes.mean = options.mean;
    if (!options.deviation.empty()) wishes.deviation = options.deviation;
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
                     ".pth (needs python3-torch) or .safetensors, with keys of the authors, pytorchcv or "
                     "folded; or seed:N")
        ->required();
    verb->add_option("--model", options->model, "a network's name or a record's path")->required();
    verb->add_option("-o,--output", options->out, "the file to write")->required();
    verb->add_option(
        "--state-key", options->state_key,
        "of a checkpoint: the key of its weights, such as state_dict_ema, where the file has several or an "
        "unusual one");
    verb->add_option("--class-names", options->class_names, "a file with a name per line, in class order");
    verb->add_option("--resize-short", options->resize_short,
                     "pixels of an image's short side before the crop")
        ->check(CLI::Validator(between(1, 1 << 15), ""));
    for (const auto &[flag, values, does] :
         {std::tuple("--mean", &options->mean,
                     "a number per input plane, such as R,G,B: subtracted from an image's values in [0, 1]"),
          std::tuple("--deviation", &options->deviation,
                     "a number per input plane: what they are divided by then")})
        verb->add_option(flag, *values, does)->delimiter(',')->allow_extra_args(false);
    verb->add_flag("--folded", options->folded, "fold batch norm into the weights");
    verb->callback([&chosen, options] { chosen = [options] { return import(*options); }; });
}

}  // namespace hardnet
