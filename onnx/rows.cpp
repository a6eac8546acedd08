// Pixels one behind another, channels innermost, as SSD's heads return them: an image's channels moved to the end, seen in
// rows of so many numbers, several images one behind another. None of it moves data before the output is written.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/translate.h"

namespace hardnet {
namespace {

int64_t elements_of(const OnnxImport &import, const OnnxValue &rows) {
    int64_t elements = 0;
    for (int part : rows.parts) elements += import.shape_of(part).elements();
    return elements;
}

}  // namespace

std::vector<int64_t> row_dims(const OnnxImport &import, const OnnxValue &rows) {
    if (rows.rank == 4) return {import.batch(), rows.shape.height, rows.shape.width, rows.shape.channels};
    const int64_t elements = elements_of(import, rows);
    if (rows.rank == 2) return {import.batch(), elements};
    return {import.batch(), elements / rows.row, rows.row};
}

bool translate_transpose(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *image = import.need_image(node, 0);
    if (!image) return false;
    NodeAttributes attributes(node);
    const std::vector<int64_t> order = attributes.integers("perm", {3, 2, 1, 0});
    if (!import.accept(attributes)) return false;
    if (order != std::vector<int64_t>{0, 2, 3, 1})
        return import.fail(
            fmt::format("attribute perm: expected 0, 2, 3, 1, found {}",
                        fmt::join(order.begin(), order.begin() + std::min<size_t>(8, order.size()), ", ")));
    OnnxValue pixels = *image;
    pixels.row = image->shape.channels;
    return import.give(node, pixels);
}

// [batch, all] or [batch, rows, row], with a 0 for what stays and a -1 for what follows from the others.
bool reshape_rows(OnnxImport &import, const OnnxNode &node, const std::vector<int64_t> &wanted,
                  bool zero_is_zero) {
    OnnxValue rows = *import.value(node, 0);
    const std::vector<int64_t> own = row_dims(import, rows);
    const int64_t elements = elements_of(import, rows);
    std::vector<int64_t> dims = wanted;
    const int64_t batch = import.batch(), all = batch * elements;
    int64_t known = 1;
    for (size_t i = 0; i < dims.size() && dims.size() <= 3; i++) {
        if (dims[i] == 0 && !zero_is_zero && i < own.size()) dims[i] = own[i];
        if (dims[i] > 0 && dims[i] <= all && known <= all) known *= dims[i];
    }
    std::replace(dims.begin(), dims.end(), int64_t{-1}, all / known);
    const bool flat = dims.size() == 2 && dims[0] == batch && dims[1] == elements;
    const bool split = dims.size() == 3 && dims[0] == batch && dims[1] > 0 && dims[2] > 0 &&
                       dims[2] <= elements && elements % dims[2] == 0 && dims[1] == elements / dims[2];
    if (!flat && !split)
        return import.fail(fmt::format(
            "expected a shape of [{0}, {1}] or [{0}, rows, numbers], found [{2}]", batch, elements,
            fmt::join(wanted.begin(), wanted.begin() + std::min<size_t>(8, wanted.size()), ", ")));
    rows.rank = flat ? 2 : 3;
    rows.row = flat ? 1 : dims[2];
    return import.give(node, rows);
}

bool concat_rows(OnnxImport &import, const OnnxNode &node, int64_t axis) {
    OnnxValue all = *import.value(node, 0);
    if (all.rank == 4 || (axis != 1 && axis != 1 - all.rank))
        return import.fail(fmt::format("expected rows and axis 1, found axis {}", axis));
    all.parts.clear();
    for (size_t i = 0; i < node.inputs.size(); i++) {
        const OnnxValue *rows = import.value(node, i);
        if (!rows || rows->rank != all.rank || rows->row != all.row)
            return import.fail(fmt::format("expected rows of {} each, found another value", all.row));
        all.parts.insert(all.parts.end(), rows->parts.begin(), rows->parts.end());
        if (all.parts.size() > kMostParts)
            return import.fail(
                fmt::format("expected a concatenation of at most {} tensors, found more", kMostParts));
    }
    if (elements_of(import, all) > kMostElements)
        return import.fail(
            fmt::format("expected rows of at most {} numbers in all, found more", kMostElements));
    return import.give(node, all);
}

}  // namespace hardnet
