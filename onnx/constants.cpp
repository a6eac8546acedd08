// Numbers that are known before any image: constants, shapes, and the arithmetic that exporters leave around them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "onnx/translate.h"

namespace hardnet {
namespace {

bool is_integer_type(int64_t type) {
    return type == int64_t(OnnxType::kInt32) || type == int64_t(OnnxType::kInt64);
}

// One operator on two numbers; false where it has no value.
bool apply(const std::string &op, bool real, double a, double b, double &to) {
    if (op == "Floor") to = std::floor(a);
    if (op == "Add") to = a + b;
    if (op == "Sub") to = a - b;
    if (op == "Mul") to = a * b;
    if (op == "Div") to = b == 0 ? INFINITY : real ? a / b : std::trunc(a / b);
    return std::isfinite(to);
}

// Axes as an attribute in old opsets, as an input in newer ones.
bool read_axes(OnnxImport &import, const OnnxNode &node, std::vector<int64_t> &axes) {
    NodeAttributes attributes(node);
    if (import.opset() < 13) axes = attributes.integers("axes", {});
    if (!import.accept(attributes)) return false;
    return import.read_list(node, 1, axes);
}

}  // namespace

bool translate_constant(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    if (const OnnxTensor *tensor = attributes.tensor("value")) return import.give(node, *tensor);
    OnnxConstant constant;
    if (attributes.has("value_int")) {
        constant = {true, false, {double(attributes.integer("value_int", 0))}};
    } else if (attributes.has("value_float")) {
        constant = {true, true, {attributes.real("value_float", 0)}};
    } else {
        if (!attributes.has("value_ints")) return false;
        const std::vector<int64_t> list = attributes.integers("value_ints", {});
        constant.values.assign(list.begin(), list.end());
    }
    if (!import.accept(attributes)) return false;
    return import.give(node, constant);
}

bool translate_shape(OnnxImport &import, const OnnxNode &node) {
    const OnnxValue *image = import.value(node, 0);
    if (!image) return import.fail("expected an image, found another value");
    const Shape &s = image->shape;
    std::vector<double> dims{double(import.batch()), double(s.channels), double(s.height), double(s.width)};
    if (image->flat) dims = {double(import.batch()), double(s.elements())};
    if (image->row) {
        const std::vector<int64_t> of_rows = row_dims(import, *image);
        dims.assign(of_rows.begin(), of_rows.end());
    }
    NodeAttributes attributes(node);
    const int64_t rank = int64_t(dims.size());
    const auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
    const int64_t start = place(attributes.integer("start", 0)), end = place(attributes.integer("end", rank));
    if (!import.accept(attributes)) return false;
    if (start > end) return false;
    return import.give(node, OnnxConstant{false, false, {dims.begin() + start, dims.begin() + end}});
}

bool translate_arithmetic(OnnxImport &import, const OnnxNode &node) {
    if (!import.accept(NodeAttributes(node))) return false;
    const bool unary = node.op_type == "Floor";
    const OnnxConstant *a = import.constant(node, 0), *b = unary ? a : import.constant(node, 1);
    if (!a || !b) return !unary && translate_elementwise(import, node);
    const size_t sizes[2] = {a->values.size(), b->values.size()}, size = sizes[0] == 1 ? sizes[1] : sizes[0];
    if (sizes[0] == 0 || sizes[1] == 0 || (sizes[1] != 1 && sizes[1] != size))
        return import.fail(fmt::format("expected lists of one length, found {} and {}", sizes[0], sizes[1]));
    OnnxConstant result{a->scalar && b->scalar, a->real, std::vector<double>(size)};
    for (size_t i = 0; i < size; i++) {
        const double x = a->values[sizes[0] == 1 ? 0 : i], y = b->values[sizes[1] == 1 ? 0 : i];
        if (!apply(node.op_type, a->real, x, y, result.values[i]))
            return import.fail("expected finite numbers, found a division by 0 or more than a number holds");
    }
    return import.give(node, result);
}

bool translate_cast(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const int64_t to = attributes.integer("to", 0);
    attributes.integer("saturate", 1);  // of types of 8 bits
    if (!import.accept(attributes)) return false;
    const OnnxConstant *from = import.constant(node, 0);
    const bool real = to == int64_t(OnnxType::kFloat) || to == int64_t(OnnxType::kDouble);
    if (!from || (!real && !is_integer_type(to))) return false;
    OnnxConstant result{from->scalar, real, from->values};
    if (!real)
        for (double &value : result.values) {
            if (!std::isfinite(value)) return import.fail("expected finite numbers, found another");
            value = std::trunc(value);
        }
    return import.give(node, result);
}

bool translate_gather(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    const int64_t axis = attributes.integer("axis", 0);
    if (!import.accept(attributes)) return false;
    const OnnxConstant *list = import.constant(node, 0), *places = import.constant(node, 1);
    if (!list || !places || list->scalar || axis != 0) return false;
    OnnxConstant some{places->scalar, list->real, {}};
    const double size = double(list->values.size());
    for (double place : places->values) {
        if (!(place >= -size && place < size))
            return import.fail(fmt::format("expected places within {} elements, found {}", size, place));
        some.values.push_back(list->values[size_t(place < 0 ? place + size : place)]);
    }
    return import.give(node, some);
}

bool translate_unsqueeze(OnnxImport &import, const OnnxNode &node) {
    std::vector<int64_t> axes;
    if (!read_axes(import, node, axes)) return false;
    const bool adds = node.op_type == "Unsqueeze";
    if (const OnnxConstant *constant = import.constant(node, 0)) {
        const bool fits =
            (axes.empty() && !adds) || axes == std::vector<int64_t>{0} || axes == std::vector<int64_t>{-1};
        if (!fits || constant->scalar != adds || constant->values.size() != 1) return false;
        return import.give(node, OnnxConstant{!adds, constant->real, constant->values});
    }
    const OnnxValue *image = import.value(node, 0);
    if (!image || image->flat != adds || image->row || image->shape.height * image->shape.width != 1 ||
        !are_height_and_width(axes))
        return false;
    return import.give(node, {image->parts, image->shape, !adds});
}

bool translate_unchanged(OnnxImport &import, const OnnxNode &node) {
    NodeAttributes attributes(node);
    if (node.op_type == "Dropout") {
        attributes.real("ratio", 0);
        attributes.integer("seed", 0);
        const OnnxConstant *training = import.constant(node, 2);
        if (import.has_input(node, 2) && (!training || training->values != std::vector<double>{0}))
            return import.fail("expected no training, found some");
    }
    if (!import.accept(attributes)) return false;
    return true;
}

}  // namespace hardnet
