// hardnet import: a checkpoint of any known key set, checked and written under the authors' keys.
#include <cstdio>
#include <memory>

#include "cli/console.h"
#include "cli/verbs.h"
#include "weights/import.h"

namespace hardnet {
namespace {

struct ImportOptions {
    std::string checkpoint, model, out;
    bool folded = false;
};

bool ends_with(const std::string &text, const std::string &suffix) {
    return text.size() >= suffix.size() &&
           text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

Result<ExitCode> import(const ImportOptions &options) {
    const Result<HardnetRecord> record = find_record(options.model);
    if (!record) return record.error();
    for (const char *pickled : {".pth", ".pt", ".tar"})
        if (ends_with(options.checkpoint, pickled))
            return bad_input(options.checkpoint +
                             ": expected a .safetensors checkpoint, found a pickled one (" + pickled +
                             "), which can run code; save its state_dict as safetensors");
    const Result<std::vector<std::string>> notes =
        import_checkpoint(options.checkpoint, *record, options.out, options.folded);
    if (!notes) return notes.error();
    for (const std::string &text : *notes) note(text);
    std::printf("%s: %s's weights\n", options.out.c_str(), record->name.c_str());
    return ExitCode::kOk;
}

}  // namespace

void add_import(CLI::App &program, Action &chosen) {
    CLI::App *verb = add_verb(
        program, "import", "Check a checkpoint against a network and write it under the authors' keys",
        "hardnet import checkpoint.safetensors --model hardnet68 -o hardnet68.safetensors");
    const auto options = std::make_shared<ImportOptions>();
    verb->add_option("CHECKPOINT", options->checkpoint,
                     "safetensors, keys of the authors, pytorchcv or folded")
        ->required();
    verb->add_option("--model", options->model, "a network's name or a record's path")->required();
    verb->add_option("-o,--output", options->out, "the file to write")->required();
    verb->add_flag("--folded", options->folded, "fold batch norm into the weights");
    verb->callback([&chosen, options] { chosen = [options] { return import(*options); }; });
}

}  // namespace hardnet
