#include "cli/onnx_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "cli/class_names_file.h"
#include "cli/verbs.h"
#include "graph/task.h"
#include "models/records.h"
#include "onnx/read_model.h"

namespace hardnet {
namespace {

constexpr uint64_t kMostPreprocessingBytes = 1 << 16;

}  // namespace

bool is_onnx_path(const std::string &model) { return std::filesystem::path(model).extension() == ".onnx"; }

void add_onnx_flags(CLI::App &verb, OnnxFlags &flags) {
    verb.add_option(
            "--cut", flags.cuts,
            "of an ONNX file: a tensor at which the network ends, by its name in the file; the outputs "
            "are these, in the order given; repeatable")
        ->expected(1)
        ->take_all();
    verb.add_option(
        "--external-data", flags.external_data,
        "of an ONNX file: the file of its tensors, in place of the one that it names beside itself");
}

Status expect_no_onnx_flags(const std::string &verb, const std::string &model, const OnnxFlags &flags) {
    const char *found = !flags.cuts.empty()            ? "--cut"
                        : !flags.external_data.empty() ? "--external-data"
                                                       : nullptr;
    if (!found) return ok();
    return usage_error(verb + ": " + found + ": expected an ONNX file as MODEL, found " + shown(model));
}

void add_onnx_meaning(CLI::App &verb, OnnxMeaning &meaning) {
    const auto given = [&meaning](const std::string &) { meaning.stated = true; };
    verb.add_option(
            "--task", meaning.task,
            "of an ONNX file, what run makes of pictures: classify, segment, detect-ssd, detect-centernet or "
            "tensor (nothing)")
        ->check(CLI::Validator(one_of(task_words()), ""))
        ->each(given)
        ->capture_default_str();
    verb.add_option("--preprocessing", meaning.preprocessing,
                    "of an ONNX file: a JSON file as a record's \"preprocessing\"; default: ImageNet's means")
        ->each(given);
    verb.add_option("--class-names", meaning.class_names,
                    "of an ONNX file: a file with a name per line, in class order")
        ->each(given);
}

Result<std::vector<std::string>> take_meaning(const OnnxMeaning &meaning, Network &network) {
    const Task task = *task_from_word(meaning.task);
    if (const Status fits = set_task(network, task); !fits) return fits.error();
    Preprocessing &p = network.preprocessing;
    p.own = {network.input.height, network.input.width};
    if (task == Task::kClassification)
        p.resize_short = std::min(p.own.height, p.own.width) * 8 / 7;  // as 256 for 224
    else
        p.resize_short = 0;
    if (!meaning.preprocessing.empty()) {
        const Result<FileBytes> file = read_regular_file(meaning.preprocessing, kMostPreprocessingBytes);
        if (!file) return file.error();
        const std::string text(reinterpret_cast<const char *>(file->data.get()), file->size);
        const Result<Preprocessing> told = preprocessing_from_json(text, meaning.preprocessing, p);
        if (!told) return told.error();
        p = *told;
    }
    if (meaning.class_names.empty()) return std::vector<std::string>();
    Result<std::vector<std::string>> names = read_class_names(meaning.class_names);
    if (names && names->size() != size_t(network.classes))
        return bad_input(fmt::format("{}: expected {} names, one per class of {}, found {}",
                                     meaning.class_names, network.classes, network.name, names->size()));
    return names;
}

Result<OnnxNetwork> open_onnx_model(const std::string &path, const std::string &input,
                                    const OnnxFlags &flags) {
    OnnxOptions options;
    options.external_file = flags.external_data;
    options.cuts = flags.cuts;
    if (!input.empty()) {
        const Result<InputSize> size = input_size(input, {});
        if (!size) return size.error();
        options.input = *size;
    }
    const Result<OnnxModel> model = read_onnx(path);
    if (!model) return model.error();
    return import_onnx(*model, options);
}

}  // namespace hardnet
