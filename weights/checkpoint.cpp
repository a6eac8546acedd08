// A safetensors file into a Checkpoint.
#include <fmt/core.h>

#include <new>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "runtime/safetensors.h"
#include "weights/file_kind.h"
#include "weights/keys.h"
#include "weights/mismatch.h"
#include "weights/torch_file.h"
#include "weights/weights.h"
#include "weights/widen.h"

namespace hardnet {
namespace {

// Four times VGG-16's float32 weights, the largest network of the paper's tables.
constexpr uint64_t kMostBytes = uint64_t{2} << 30;

struct Reading {
    Checkpoint checkpoint;
    std::vector<std::string> wrong_types;   // one line each
    std::map<std::string, size_t> changed;  // tensors by their types, where these are not F32
    size_t counters = 0;
};

bool ends_with(const std::string &text, const std::string &end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void take_tensor(void *user, const hardnet_safetensor *tensor) {
    Reading &reading = *static_cast<Reading *>(user);
    std::string name(tensor->name, tensor->name_size);
    const std::string type(tensor->type, tensor->type_size);
    if (ends_with(name, "num_batches_tracked")) {
        reading.counters++;
        return;
    }
    if (!is_float_type(type)) {
        reading.wrong_types.push_back(fmt::format("{}: {}", shown(name), type));
        return;
    }
    FloatTensor taken;
    taken.shape.assign(tensor->shape, tensor->shape + tensor->rank);
    taken.values = as_floats(type, static_cast<const uint8_t *>(tensor->data), tensor->bytes);
    if (type != "F32") reading.changed[type]++;
    reading.checkpoint.tensors.emplace(std::move(name), std::move(taken));
}

void take_metadata(void *user, const char *key, size_t key_size, const char *value, size_t value_size) {
    Reading &reading = *static_cast<Reading *>(user);
    const std::string quoted = '"' + std::string(value, value_size) + '"';
    const auto decoded = nlohmann::json::parse(quoted, nullptr, /*allow_exceptions=*/false);
    if (!decoded.is_string()) return;  // cannot be: the reader has checked the escapes
    reading.checkpoint.metadata.emplace(std::string(key, key_size), decoded.get<std::string>());
}

// Throws std::bad_alloc where the values do not fit.
Result<Checkpoint> decode(ByteView file, const std::string &name) {
    std::vector<uint64_t> scratch((hardnet_safetensors_scratch(file.data(), file.size()) + 7) / 8);
    Reading reading;
    const hardnet_safetensors_visitor visitor{&reading, take_tensor, take_metadata};
    char error[512];
    if (hardnet_safetensors_parse(file.data(), file.size(), scratch.data(), &visitor, error, sizeof error) !=
        0) {
        return bad_input(name + ": " + error);
    }
    if (!reading.wrong_types.empty()) {
        std::string what = fmt::format(
            "{}: expected tensors of type F32, F16, BF16 or F64 (and num_batches_tracked of any), found {} "
            "others",
            name, reading.wrong_types.size());
        if (reading.wrong_types.size() > kMostDetails) reading.wrong_types.resize(kMostDetails);
        return bad_input(std::move(what), std::move(reading.wrong_types));
    }
    if (reading.counters > 0) {
        reading.checkpoint.notes.push_back(
            fmt::format("{} num_batches_tracked passed over", reading.counters));
    }
    for (const auto &[type, tensors] : reading.changed)
        reading.checkpoint.notes.push_back(fmt::format("{} tensors of {}: {} to F32", tensors, type,
                                                       type == "F64" ? "rounded" : "widened exactly"));
    reading.checkpoint.source = name;
    return std::move(reading.checkpoint);
}

}  // namespace

Result<Checkpoint> decode_checkpoint(ByteView file, const std::string &name) {
    try {
        return decode(file, name);
    } catch (const std::bad_alloc &) {
        return environment_error(
            fmt::format("{}: expected memory for {} bytes twice, found less", name, file.size()));
    }
}

Result<Checkpoint> read_checkpoint(const std::string &path) {
    const Result<FileBytes> file = read_regular_file(path, kMostBytes);
    if (!file) return file.error();
    return decode_checkpoint(*file, path);
}

namespace {

Result<Checkpoint> read_torch_file(const std::string &path, const std::string &state_key) {
    const Result<TorchTensors> tensors = torch_as_safetensors(path, state_key, kMostBytes);
    if (!tensors) return tensors.error();
    Result<Checkpoint> read = decode_checkpoint(tensors->safetensors, path);
    if (read) read->notes.insert(read->notes.begin(), tensors->notes.begin(), tensors->notes.end());
    return read;
}

}  // namespace

Result<Checkpoint> open_checkpoint(const std::string &path, const std::string &state_key) {
    const Result<std::string> start = read_start(path, kFileKindBytes);
    if (!start) return start.error();
    if (const std::string kind = file_kind(*start, path); !kind.empty())
        return bad_input(
            fmt::format("{}: expected a checkpoint (.safetensors, or of torch.save), found {}", path, kind));
    const Result<bool> from_torch = is_torch_file(path);
    if (!from_torch) return from_torch.error();
    Result<Checkpoint> read = *from_torch ? read_torch_file(path, state_key) : read_checkpoint(path);
    if (!read) return read;
    if (state_key.empty())
        leave_averages(*read);
    else if (!*from_torch && !take_under(*read, state_key))  // of torch.save the converter has taken them
        return bad_input(fmt::format("{}: expected tensors under {}, found none", path, shown(state_key)));
    strip_prefixes(*read);
    return read;
}

}  // namespace hardnet
