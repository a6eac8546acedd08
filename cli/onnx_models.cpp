#include "cli/onnx_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "cli/class_names_file.h"
#include "cli/npy.h"
#include "cli/verbs.h"
#include "graph/task.h"
#include "models/records.h"
#include "onnx/read_model.h"

namespace hardnet {
namespace {

constexpr uint64_t kMostPreprocessingBytes = 1 << 16;
constexpr float kMostShare = 16;  // numbers in pixels are far above

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
    verb.add_option(
            "--priors", meaning.priors,
            "of detect-ssd: the boxes that the offsets start from, as .npy of float32 [boxes, 4]: x and y of "
            "the centre, width, height, as shares of the image's sides")
        ->each(given);
    verb.add_option(
            "--preprocessing", meaning.preprocessing,
            "of an ONNX file: a JSON file as a record's \"preprocessing\"; default: ImageNet's mean and "
            "deviation, of other than 1 or 3 planes 0 and 1")
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

Result<FloatTensor> read_priors(const OnnxMeaning &meaning, const Network &network) {
    const bool wanted = network.task == Task::kSsd;
    if (wanted == meaning.priors.empty())
        return usage_error(
            std::string("compile: --priors: expected a file with --task detect-ssd, and none without, ") +
            (wanted ? "found none" : "found " + meaning.priors));
    if (!wanted) return FloatTensor{};
    Result<NpyTensor> read = read_npy(meaning.priors);
    if (!read) return read.error();
    const int64_t boxes = output_shape(network, network.outputs[boxes_output(network, Task::kSsd)])[0];
    if (read->shape != std::vector<int64_t>{boxes, 4})
        return bad_input(fmt::format("{}: expected the shape [{}, 4], found [{}]", meaning.priors, boxes,
                                     fmt::join(read->shape, ", ")));
    for (size_t i = 0; i < read->values.size(); i++) {
        const float value = read->values[i];
        if (!(std::abs(value) <= kMostShare) || (i % 4 >= 2 && !(value > 0)))
            return bad_input(fmt::format(
                "{}: row {}: expected a centre and extents above 0 as shares of the image's sides, found {}",
                meaning.priors, i / 4, value));
    }
    return FloatTensor{std::move(read->shape), std::move(read->values)};
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
