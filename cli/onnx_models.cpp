#include "cli/onnx_models.h"

#include <filesystem>

#include "base/text.h"
#include "cli/verbs.h"
#include "onnx/read_model.h"

namespace hardnet {

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
