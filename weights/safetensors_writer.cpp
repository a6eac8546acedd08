#include "weights/safetensors_writer.h"

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace hardnet {
namespace {

constexpr size_t kDataAlignment = 64;  // a cache line, and what the widest vector load wants

using Json = nlohmann::ordered_json;

std::string header_of(const std::vector<NamedTensor> &tensors,
                      const std::map<std::string, std::string> &metadata) {
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    uint64_t offset = 0;
    for (const NamedTensor &named : tensors) {
        const uint64_t end = offset + named.tensor->values.size() * sizeof(float);
        header[named.name] = {
            {"dtype", "F32"}, {"shape", named.tensor->shape}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    // Text that is not UTF-8 (a path in the metadata may be anything) is written with replacement characters.
    std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.resize((text.size() + 8 + kDataAlignment - 1) / kDataAlignment * kDataAlignment - 8, ' ');
    return text;
}

}  // namespace

Status write_tensors(const std::string &path, const std::vector<NamedTensor> &tensors,
                     const std::map<std::string, std::string> &metadata) {
    const std::string header = header_of(tensors, metadata);
    unsigned char size[8];
    for (int i = 0; i < 8; i++) size[i] = static_cast<unsigned char>(uint64_t{header.size()} >> (8 * i));

    std::vector<Piece> pieces{{size, sizeof size}, {header.data(), header.size()}};
    for (const NamedTensor &named : tensors) {
        pieces.push_back({named.tensor->values.data(), named.tensor->values.size() * sizeof(float)});
    }
    return write_file(path, pieces);
}

Status write_safetensors(const std::string &path, const std::map<std::string, FloatTensor> &tensors,
                         const std::map<std::string, std::string> &metadata) {
    std::vector<NamedTensor> sorted;
    for (const auto &[name, tensor] : tensors) sorted.push_back({name, &tensor});
    return write_tensors(path, sorted, metadata);
}

}  // namespace hardnet
