#include "weights/mismatch.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "models/records.h"

namespace hardnet {
namespace {

struct Difference {
    std::vector<const Parameter *> missing, misshapen;
    std::vector<std::string> extra;
    bool empty() const { return missing.empty() && misshapen.empty() && extra.empty(); }
};

Difference difference(const std::vector<Parameter> &needed, const Checkpoint &checkpoint) {
    Difference found;
    std::vector<std::string> known;
    for (const Parameter &parameter : needed) {
        known.push_back(parameter.key);
        const auto tensor = checkpoint.tensors.find(parameter.key);
        if (tensor == checkpoint.tensors.end()) {
            found.missing.push_back(&parameter);
        } else if (tensor->second.shape != parameter.shape) {
            found.misshapen.push_back(&parameter);
        }
    }
    std::sort(known.begin(), known.end());
    for (const auto &[key, tensor] : checkpoint.tensors) {
        if (!std::binary_search(known.begin(), known.end(), key)) found.extra.push_back(key);
    }
    return found;
}

// The built-in network, with the file's own class count, whose parameters these are; "" if none.
std::string fitting_network(const Checkpoint &checkpoint, KeySet keys) {
    for (ModelRecord record : builtin_records()) {
        const Result<ClassCount> found = classes_in(record, checkpoint);
        if (!found) continue;
        set_classes(record, found->classes);
        const Result<Network> network = build_network(record, record.input);
        if (network && difference(parameters_of(*network, keys), checkpoint).empty()) return record.name;
    }
    return "";
}

// One line per difference, a kind at a time in turn, so that each kind is seen.
std::vector<std::string> details(const Difference &found, const Checkpoint &checkpoint) {
    std::vector<std::string> missing_keys, lines;
    for (const Parameter *parameter : found.missing) missing_keys.push_back(parameter->key);
    for (size_t i = 0; lines.size() < kMostDetails; i++) {
        const size_t before = lines.size();
        if (i < found.misshapen.size()) {
            const Parameter &p = *found.misshapen[i];
            lines.push_back(fmt::format("{}: expected {}, found {}", p.key, text_of(p.shape),
                                        text_of(checkpoint.tensors.at(p.key).shape)));
        }
        if (i < found.extra.size()) {
            lines.push_back(fmt::format("{}: not of this network{}", shown(found.extra[i]),
                                        did_you_mean(found.extra[i], missing_keys)));
        }
        if (i < found.missing.size()) {
            lines.push_back(fmt::format("{}: missing, expected {}", found.missing[i]->key,
                                        text_of(found.missing[i]->shape)));
        }
        if (lines.size() == before) break;
    }
    if (lines.size() > kMostDetails) lines.resize(kMostDetails);
    return lines;
}

// Where all that differs is the class count: that count in the file, else 0.
int64_t other_class_count(const Network &network, const Checkpoint &checkpoint, const Difference &found) {
    const Layer &head = network.layers.back();
    if (head.op != OpKind::kFullyConnected || !found.missing.empty() || !found.extra.empty()) return 0;
    int64_t count = 0;
    for (const Parameter *parameter : found.misshapen) {
        const std::vector<int64_t> &shape = checkpoint.tensors.at(parameter->key).shape;
        const bool other_rows = parameter->shape[0] == head.out.channels &&
                                shape.size() == parameter->shape.size() &&
                                std::equal(shape.begin() + 1, shape.end(), parameter->shape.begin() + 1);
        if (!other_rows || parameter->shape.size() > 2 || (count != 0 && shape[0] != count)) return 0;
        count = shape[0];
    }
    return found.misshapen.size() == 2 ? count : 0;
}

// Where all that differs is how many planes the first convolutions read: that number in the file, else 0.
int64_t other_plane_count(const Network &network, const Checkpoint &checkpoint, const Difference &found) {
    if (!found.missing.empty() || !found.extra.empty()) return 0;
    int64_t count = 0;
    for (const Parameter *parameter : found.misshapen) {
        const std::vector<int64_t> &shape = checkpoint.tensors.at(parameter->key).shape;
        std::vector<int64_t> needed = parameter->shape;
        if (shape.size() != 4 || needed.size() != 4 || needed[1] != network.input.channels) return 0;
        needed[1] = shape[1];
        if (needed != shape || (count != 0 && shape[1] != count)) return 0;
        count = shape[1];
    }
    return count;
}

}  // namespace

std::string text_of(const std::vector<int64_t> &shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::optional<Error> mismatch(const Network &network, const Checkpoint &checkpoint, KeySet keys) {
    const std::vector<Parameter> needed = parameters_of(network, keys);
    const Difference found = difference(needed, checkpoint);
    if (found.empty()) return std::nullopt;
    if (const int64_t classes = other_class_count(network, checkpoint, found)) {
        return bad_input(fmt::format("{}: expected the {} classes of {}, found {}", checkpoint.source,
                                     network.classes, network.name, classes),
                         details(found, checkpoint));
    }
    if (const int64_t planes = other_plane_count(network, checkpoint, found)) {
        return bad_input(
            fmt::format(
                "{}: expected a first convolution of {} input planes, as {}'s \"input_planes\", found "
                "one of {}",
                checkpoint.source, network.input.channels, network.name, planes),
            details(found, checkpoint));
    }
    std::string what = fmt::format(
        "{}: expected the {} tensors of {}, found {} missing, {} extra, {} misshapen", checkpoint.source,
        needed.size(), network.name, found.missing.size(), found.extra.size(), found.misshapen.size());
    const std::string fits = fitting_network(checkpoint, keys);
    if (!fits.empty()) what += "; these tensors fit " + fits;
    return bad_input(std::move(what), details(found, checkpoint));
}

}  // namespace hardnet
