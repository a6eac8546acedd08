#include "cli/onnx_models.h"

#include <filesystem>

#include "cli/verbs.h"
#include "onnx/read_model.h"

namespace hardnet {

bool is_onnx_path(const std::string &model) { return std::filesystem::path(model).extension() == ".onnx"; }

Result<OnnxNetwork> open_onnx_model(const std::string &path, const std::string &input,
                                    const std::string &external_file) {
    OnnxOptions options;
    options.external_file = external_file;
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
