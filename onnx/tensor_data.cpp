#include "onnx/tensor_data.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "onnx/external_data.h"

namespace hardnet {
namespace {

// Its bytes, little-endian as all machines are that this is built for.
template <typename T>
Result<std::vector<T>> values_of(const OnnxModel &model, const OnnxTensor &tensor, const std::string &file) {
    std::vector<T> values;
    const auto allocate = [&]() -> void * {
        values.resize(size_t(tensor.elements()));
        return values.data();
    };
    const size_t bytes = size_t(tensor.elements()) * sizeof(T);
    if (tensor.external) {
        const Status read = read_external_data({model.path, file}, *tensor.external, bytes, allocate);
        if (!read)
            return Error{read.error().code,
                         model.path + ": tensor " + shown(tensor.name) + ": " + read.error().what,
                         {}};
    } else if (bytes > 0) {
        std::memcpy(allocate(), tensor.bytes.data(), bytes);
    }
    return values;
}

template <typename To, typename From>
Result<std::vector<To>> converted(Result<std::vector<From>> from) {
    if (!from) return from.error();
    std::vector<To> to(from->size());
    std::transform(from->begin(), from->end(), to.begin(), [](From value) { return static_cast<To>(value); });
    return to;
}

Error wrong_type(const OnnxModel &model, const OnnxTensor &tensor, const char *expected) {
    return bad_input(model.path + ": tensor " + shown(tensor.name) + ": expected " + expected + ", found " +
                     name_of(tensor.type));
}

}  // namespace

Result<std::vector<float>> float_values(const OnnxModel &model, const OnnxTensor &tensor,
                                        const std::string &external_file) {
    if (tensor.type == OnnxType::kFloat) return values_of<float>(model, tensor, external_file);
    if (tensor.type == OnnxType::kDouble)
        return converted<float>(values_of<double>(model, tensor, external_file));
    return wrong_type(model, tensor, "float32 or float64");
}

Result<std::vector<int64_t>> integer_values(const OnnxModel &model, const OnnxTensor &tensor,
                                            const std::string &external_file) {
    if (!tensor.integers.empty()) return tensor.integers;
    if (tensor.type == OnnxType::kInt64) return values_of<int64_t>(model, tensor, external_file);
    if (tensor.type == OnnxType::kInt32)
        return converted<int64_t>(values_of<int32_t>(model, tensor, external_file));
    if (tensor.type == OnnxType::kBool)
        return converted<int64_t>(values_of<uint8_t>(model, tensor, external_file));
    return wrong_type(model, tensor, "int32, int64 or bool");
}

}  // namespace hardnet
