#include "onnx/read_tensor.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/text.h"

namespace hardnet {
namespace {

struct OnnxTypeTraits {
    OnnxType type;
    const char *name;
    size_t bytes;
};

constexpr OnnxTypeTraits kOnnxTypes[] = {
    {OnnxType::kFloat, "float32", 4}, {OnnxType::kInt32, "int32", 4},    {OnnxType::kInt64, "int64", 8},
    {OnnxType::kBool, "bool", 1},     {OnnxType::kDouble, "float64", 8}, {OnnxType(2), "uint8", 0},
    {OnnxType(3), "int8", 0},         {OnnxType(4), "uint16", 0},        {OnnxType(5), "int16", 0},
    {OnnxType(8), "string", 0},       {OnnxType(10), "float16", 0},      {OnnxType(12), "uint32", 0},
    {OnnxType(13), "uint64", 0},      {OnnxType(16), "bfloat16", 0},     {OnnxType::kUndefined, "none", 0},
};

const OnnxTypeTraits *find_type(OnnxType type) {
    const auto found = std::find_if(std::begin(kOnnxTypes), std::end(kOnnxTypes),
                                    [type](const OnnxTypeTraits &o) { return o.type == type; });
    return found == std::end(kOnnxTypes) ? nullptr : found;
}

// A tensor while its message is read.
struct TensorFields {
    std::vector<ByteView> reals;  // float_data, double_data
    std::optional<ByteView> raw;
    bool integers = false, is_external = false;
    std::vector<ByteView> external;  // keys and values of where it lies
};

bool decimal(const std::string &text, uint64_t &to) {
    constexpr size_t kMostDigits = 18;  // any number of them fits
    if (text.size() > kMostDigits) return false;
    const char *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, to);
    return error == std::errc() && stop == end;
}

bool read_external_entry(MessageReader &reader, ByteView message, OnnxExternalPlace &place) {
    std::string key, value;
    const auto take = [&](const WireField &field) {
        return field.number == 1 ? reader.name(field, key) : field.number != 2 || reader.name(field, value);
    };
    if (!reader.each(message, take)) return false;
    uint64_t number = 0;
    if (key == "location") place.location = value;
    if (key != "offset" && key != "length") return true;  // a checksum and what else may be noted
    if (!decimal(value, number))
        return reader.fail(
            fmt::format("external data: expected its {} as up to 18 digits, found {}", key, shown(value)));
    if (key == "offset") place.offset = number;
    if (key == "length") place.length = number;
    return true;
}

bool take_tensor_field(MessageReader &reader, const WireField &field, OnnxTensor &tensor,
                       TensorFields &fields) {
    int64_t number = 0;
    ByteView bytes{nullptr, 0};
    switch (field.number) {
        case 1:
            return reader.integers(field, tensor.dims);
        case 2:
            if (!reader.integer(field, number)) return false;
            tensor.type = OnnxType(std::clamp<int64_t>(number, 0, INT32_MAX));
            return true;
        case 3:
            return reader.fail("expected a whole tensor, found a segment");
        case 4:
        case 10:
            if (!reader.bytes(field, bytes)) return false;
            fields.reals.push_back(bytes);
            return true;
        case 5:
        case 7:
            fields.integers = true;
            return reader.integers(field, tensor.integers);
        case 9:
            if (!reader.bytes(field, bytes)) return false;
            fields.raw = bytes;
            return true;
        case 13:
            if (!reader.bytes(field, bytes)) return false;
            fields.external.push_back(bytes);
            return true;
        case 14:
            if (!reader.integer(field, number)) return false;
            fields.is_external = number == 1;
            return number == 0 || number == 1 ||
                   reader.fail(fmt::format("expected data_location 0 or 1, found {}", number));
        default:
            return true;
    }
}

bool check_dims(MessageReader &reader, const OnnxTensor &tensor) {
    if (tensor.dims.size() > kOnnxMostRank)
        return reader.fail(
            fmt::format("expected at most {} dimensions, found {}", kOnnxMostRank, tensor.dims.size()));
    int64_t elements = 1;
    for (int64_t extent : tensor.dims) {
        if (extent < 0 || extent > kOnnxMostElements)
            return reader.fail(
                fmt::format("expected dimensions from 0 to {}, found {}", kOnnxMostElements, extent));
        if (extent != 0 && elements > kOnnxMostElements / extent)
            return reader.fail(fmt::format("expected at most {} elements, found more", kOnnxMostElements));
        elements *= extent;
    }
    return true;
}

// The elements' place, of as many bytes as the dimensions say.
bool place_elements(MessageReader &reader, OnnxTensor &tensor, const TensorFields &fields) {
    const uint64_t elements = uint64_t(tensor.elements()), bytes = elements * bytes_of(tensor.type);
    const size_t places = fields.reals.size() + fields.integers + fields.raw.has_value() + fields.is_external;
    if (places > 1)
        return reader.fail(fmt::format("expected its elements in one place, found them in {}", places));
    if (fields.is_external) {
        tensor.external.emplace();
        for (const ByteView &entry : fields.external)
            if (!read_external_entry(reader, entry, *tensor.external)) return false;
        const uint64_t found = tensor.external->length.value_or(bytes);
        return found == bytes ||
               reader.fail(fmt::format("external data: expected a length of {}, found {}", bytes, found));
    }
    if (fields.integers) {
        const bool fits = tensor.type != OnnxType::kFloat && tensor.type != OnnxType::kDouble;
        if (!fits) return reader.fail("expected real numbers, found integers");
        return tensor.integers.size() == elements ||
               reader.fail(fmt::format("expected {} elements, found {}", elements, tensor.integers.size()));
    }
    if (fields.raw) tensor.bytes = *fields.raw;
    if (!fields.reals.empty()) tensor.bytes = fields.reals.front();
    return tensor.bytes.size() == bytes ||
           reader.fail(fmt::format("expected {} bytes of elements, found {}", bytes, tensor.bytes.size()));
}

bool read_dimension(MessageReader &reader, ByteView message, OnnxDimension &dimension) {
    return reader.each(message, [&](const WireField &field) {
        int64_t value = 0;
        if (field.number == 2) return reader.name(field, dimension.symbol);
        if (field.number != 1) return true;
        if (!reader.integer(field, value)) return false;
        dimension.value = value;
        return true;
    });
}

bool read_shape(MessageReader &reader, ByteView message, OnnxValueInfo &info) {
    info.has_shape = true;
    return reader.each(message, [&](const WireField &field) {
        ByteView bytes{nullptr, 0};
        if (field.number != 1) return true;
        if (info.dims.size() == kOnnxMostRank)
            return reader.fail(fmt::format("expected at most {} dimensions, found more", kOnnxMostRank));
        info.dims.emplace_back();
        return reader.bytes(field, bytes) && read_dimension(reader, bytes, info.dims.back());
    });
}

bool read_tensor_type(MessageReader &reader, ByteView message, OnnxValueInfo &info) {
    return reader.each(message, [&](const WireField &field) {
        int64_t number = 0;
        ByteView bytes{nullptr, 0};
        if (field.number == 2) return reader.bytes(field, bytes) && read_shape(reader, bytes, info);
        if (field.number != 1) return true;
        if (!reader.integer(field, number)) return false;
        info.type = OnnxType(std::clamp<int64_t>(number, 0, INT32_MAX));
        return true;
    });
}

}  // namespace

std::string name_of(OnnxType type) {
    const OnnxTypeTraits *found = find_type(type);
    return found ? found->name : fmt::format("type {}", int(type));
}

size_t bytes_of(OnnxType type) {
    const OnnxTypeTraits *found = find_type(type);
    return found ? found->bytes : 0;
}

bool read_onnx_tensor(MessageReader &reader, ByteView message, OnnxTensor &tensor) {
    // The name stands behind the data, and errors about the data should have it.
    const bool named = reader.each(message, [&](const WireField &field) {
        return field.number != 8 || reader.name(field, tensor.name);
    });
    return named && reader.inside("tensor " + shown(tensor.name), [&] {
        TensorFields fields;
        const auto take = [&](const WireField &field) {
            return take_tensor_field(reader, field, tensor, fields);
        };
        if (!reader.each(message, take) || !check_dims(reader, tensor)) return false;
        if (bytes_of(tensor.type) == 0)
            return reader.fail("expected an element type of float32, float64, int32, int64 or bool, found " +
                               name_of(tensor.type));
        return place_elements(reader, tensor, fields);
    });
}

bool read_onnx_value_info(MessageReader &reader, ByteView message, OnnxValueInfo &info) {
    const auto take_type = [&](const WireField &field) {
        ByteView bytes{nullptr, 0};
        if (field.number == 1) return reader.bytes(field, bytes) && read_tensor_type(reader, bytes, info);
        const bool other = field.number == 4 || field.number == 5 || field.number == 8 || field.number == 9;
        return !other || reader.fail("expected a tensor, found a sequence, a map, or another type");
    };
    return reader.each(message, [&](const WireField &field) {
        ByteView bytes{nullptr, 0};
        if (field.number == 1) return reader.name(field, info.name);
        if (field.number != 2) return true;
        return reader.inside("value " + shown(info.name),
                             [&] { return reader.bytes(field, bytes) && reader.each(bytes, take_type); });
    });
}

}  // namespace hardnet
