#include "graph/check_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace hardnet {
namespace {

constexpr size_t kMostNameBytes = 200;

std::string text_of(const Shape &s) { return fmt::format("{}x{}x{}", s.channels, s.height, s.width); }

bool is_name(const std::string &name) {
    return !name.empty() && name.size() <= kMostNameBytes &&
           std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool in_bounds(const Shape &s) {
    return s.channels >= 1 && s.channels <= kMostChannels && s.height >= 1 && s.height <= kMostExtent &&
           s.width >= 1 && s.width <= kMostExtent && s.elements() <= kMostElements;
}

bool in_bounds(const WindowAxis &a) {
    const auto within = [](int value, int least) { return value >= least && value <= kMostExtent; };
    return within(a.kernel, 1) && within(a.stride, 1) && within(a.dilation, 1) && within(a.before, 0) &&
           within(a.after, 0) && int64_t{a.dilation} * (a.kernel - 1) < kMostExtent;
}

// One layer of a network, behind others that hold.
class LayerCheck {
public:
    LayerCheck(const Network &network, size_t index)
        : network_(network), layer_(network.layers[index]), index_(int(index)) {}

    // "expected ..., found ..."; empty: it holds.
    std::string fault() const {
        for (const auto check : {&LayerCheck::reads, &LayerCheck::window, &LayerCheck::output,
                                 &LayerCheck::own_fields, &LayerCheck::weights}) {
            const std::string fault = (this->*check)();
            if (!fault.empty()) return fault;
        }
        return "";
    }

private:
    const Shape &shape_of(int layer) const {
        return layer == kNetworkInput ? network_.input : network_.layers[size_t(layer)].out;
    }

    std::string reads() const {
        for (const Read &read : layer_.reads) {
            if (read.layer < kNetworkInput || read.layer >= index_)
                return fmt::format("expected to read layers in front of layer {}, found {}", index_,
                                   read.layer);
        }
        const std::vector<int> sources = layer_.sources();
        if (sources.empty()) return "expected sources, found none";
        int64_t channels = 0;
        for (int source : sources) {
            const Shape &shape = shape_of(source), &first = shape_of(sources[0]);
            if (shape.height != first.height || shape.width != first.width)
                return fmt::format("expected sources of one extent, found {} and {}", text_of(first),
                                   text_of(shape));
            channels += shape.channels;
        }
        const Shape &in = layer_.in, &first = shape_of(sources[0]);
        if (in.channels != channels || in.height != first.height || in.width != first.width || !in_bounds(in))
            return fmt::format("expected sources of at most {} elements, found {} channels of {}x{}",
                               kMostElements, channels, first.height, first.width);
        return operand();
    }

    std::string operand() const {
        const size_t operands = layer_.reads.size() - layer_.sources().size();
        const Operand use = traits_of(layer_.op).operand;
        if (use == Operand::kNone && operands) return "expected no operand, found one";
        const bool optional = use == Operand::kNone || use == Operand::kAdded;
        if (!optional && !operands) return "expected an operand, found none";
        if (operands > 1) return fmt::format("expected one operand at most, found {}", operands);
        if (!operands) return "";
        const int operand = layer_.operand();
        const bool fits =
            operand != kNetworkInput &&
            (shape_of(operand) == layer_.out ||
             (!optional && (shape_of(operand) == Shape{layer_.out.channels, 1, 1} ||
                            shape_of(operand) == Shape{1, layer_.out.height, layer_.out.width})));
        if (!fits)
            return fmt::format("expected an operand of {}, found {}", text_of(layer_.out),
                               text_of(shape_of(operand)));
        return "";
    }

    std::string window() const {
        const WindowAxis &y = layer_.window.y, &x = layer_.window.x;
        if (!in_bounds(y) || !in_bounds(x))
            return fmt::format("expected a window's numbers from 1 to {}, padding from 0, found others",
                               kMostExtent);
        const Shape padded{layer_.in.channels, layer_.in.height + y.before + y.after,
                           layer_.in.width + x.before + x.after};
        if (padded.elements() > kMostElements)
            return fmt::format("expected at most {} elements with padding, found {}", kMostElements,
                               padded.elements());
        if (!traits_of(layer_.op).window && layer_.window != Window{}) return "expected no window, found one";
        const bool fixed = layer_.op == OpKind::kTransposedConv;
        if (fixed && layer_.window != Window::square(3, 2))
            return "expected a window of 3x3/2, found another";
        if (layer_.op == OpKind::kResample &&
            (layer_.window != Window{WindowAxis{y.kernel}, WindowAxis{x.kernel}} ||
             y.kernel > layer_.in.height || x.kernel > layer_.in.width))
            return "expected a window within the image, of stride 1 and without padding, found another";
        return "";
    }

    // The extents that the operator gives; 0 where it gives any.
    Shape expected_output() const {
        const Shape &in = layer_.in;
        switch (layer_.op) {
            case OpKind::kConv:
                return {0, layer_.window.y.outputs(in.height), layer_.window.x.outputs(in.width)};
            case OpKind::kDepthwiseConv:
            case OpKind::kMaxPool:
            case OpKind::kAveragePool:
                return {in.channels, layer_.window.y.outputs(in.height, layer_.ceil_mode),
                        layer_.window.x.outputs(in.width, layer_.ceil_mode)};
            case OpKind::kTransposedConv:
                return {};
            case OpKind::kResize:
            case OpKind::kResample:
                return {in.channels, 0, 0};
            case OpKind::kGlobalAveragePool:
            case OpKind::kGlobalSum:
                return {in.channels, 1, 1};
            case OpKind::kFullyConnected:
                return {0, 1, 1};
            case OpKind::kSlice:
                return {0, in.height, in.width};
            case OpKind::kArgmax:
                return {1, in.height, in.width};
            default:
                return in;
        }
    }

    std::string output() const {
        const Shape &out = layer_.out;
        if (!in_bounds(out))
            return fmt::format("expected an output of at most {} elements, found {}", kMostElements,
                               text_of(out));
        const Shape expected = expected_output();
        const auto differs = [](int wanted, int found) { return wanted != 0 && wanted != found; };
        if (differs(expected.channels, out.channels) || differs(expected.height, out.height) ||
            differs(expected.width, out.width) || no_window_fits())
            return fmt::format("expected an output of {} (0: any), found {}", text_of(expected),
                               text_of(out));
        const bool pool = layer_.op == OpKind::kMaxPool || layer_.op == OpKind::kAveragePool;
        if (pool && (one_misses(layer_.window.y, layer_.in.height, out.height) ||
                     one_misses(layer_.window.x, layer_.in.width, out.width)))
            return "expected windows that reach the image, found one in the padding alone";
        if (layer_.op == OpKind::kTransposedConv &&
            (out.height > 2 * layer_.in.height + 1 || out.width > 2 * layer_.in.width + 1))
            return fmt::format("expected at most {}x{}, found {}", 2 * layer_.in.height + 1,
                               2 * layer_.in.width + 1, text_of(out));
        return "";
    }

    // Of a pool's windows along an axis, one that lies in the padding alone, which has neither maximum nor mean.
    static bool one_misses(const WindowAxis &axis, int extent, int outputs) {
        for (int o = 0; o < outputs; o++) {
            const int beyond = std::max(0, -axis.first(o)),
                      taps = (beyond + axis.dilation - 1) / axis.dilation;
            if (taps >= axis.kernel || axis.first(o) + taps * axis.dilation >= extent) return true;
        }
        return false;
    }

    bool expected_any_extent() const {
        return layer_.op == OpKind::kTransposedConv || layer_.op == OpKind::kResample;
    }

    bool no_window_fits() const {
        return traits_of(layer_.op).window && !expected_any_extent() &&
               (layer_.window.y.outputs(layer_.in.height) == 0 ||
                layer_.window.x.outputs(layer_.in.width) == 0);
    }

    std::string own_fields() const {
        const Layer &l = layer_;
        const bool slice = l.op == OpKind::kSlice;
        if (slice ? l.first_channel < 0 || int64_t{l.first_channel} + l.out.channels > l.in.channels
                  : l.first_channel != 0)
            return fmt::format("expected channels of the {} that it reads, found {} from {} on",
                               l.in.channels, l.out.channels, l.first_channel);
        if (l.threshold != 0 && (l.op != OpKind::kArgmax || l.in.channels != 1))
            return fmt::format("expected no threshold, found {}", l.threshold);
        if (l.excludes_padding && l.op != OpKind::kAveragePool)
            return "expected no excludes_padding, found it true";
        if (!(l.sampling == Sampling{}) && l.op != OpKind::kResize)
            return "expected no places and neighbours, found some";
        if (l.has_weights() && !is_name(l.module)) return "expected a module, found " + shown(l.module);
        if (!l.has_bias() && (l.bias || !l.norm.empty())) return "expected no bias and no norm, found one";
        for (const std::string *norm : {&l.norm, &l.front_norm}) {
            if (!norm->empty() && !is_name(*norm)) return "expected a norm's name, found " + shown(*norm);
        }
        return "";
    }

    std::string weights() const {
        int64_t elements = 1;
        for (int64_t extent : weight_shape(layer_)) {
            elements *= extent;
            if (elements > kMostElements)
                return fmt::format("expected at most {} weights, found more", kMostElements);
        }
        return "";
    }

    const Network &network_;
    const Layer &layer_;
    const int index_;
};

std::string output_fault(const Network &network, const Output &output) {
    if (output.layers.empty()) return "expected layers, found none";
    int64_t elements = 0;
    for (int layer : output.layers) {
        if (layer < 0 || layer >= int(network.layers.size()))
            return fmt::format("expected layers from 0 to {}, found {}", network.layers.size() - 1, layer);
        elements += network.layers[size_t(layer)].out.elements();
    }
    if (elements > kMostElements)
        return fmt::format("expected at most {} elements, found {}", kMostElements, elements);
    const Shape &first = network.layers[size_t(output.layers[0])].out;
    for (int layer : output.layers) {
        const Shape &shape = network.layers[size_t(layer)].out;
        if (output.row == 0 && (shape.height != first.height || shape.width != first.width))
            return fmt::format("expected rows or layers of one extent, found {} and {}", text_of(first),
                               text_of(shape));
    }
    if (output.row < 0 || (output.row > 0 && elements % output.row))
        return fmt::format("expected whole rows, found {} elements in rows of {}", elements, output.row);
    return "";
}

}  // namespace

Status check_network(const Network &network) {
    const std::string &title = network.name;
    if (!is_name(title)) return bad_input("expected a network's name, found " + shown(title));
    if (!in_bounds(network.input))
        return bad_input(fmt::format("{}: expected an input of at most {} elements, found {}", title,
                                     kMostElements, text_of(network.input)));
    if (network.layers.empty() || network.layers.size() > kMostLayers)
        return bad_input(
            fmt::format("{}: expected 1 to {} layers, found {}", title, kMostLayers, network.layers.size()));
    std::set<std::string> names;
    for (size_t i = 0; i < network.layers.size(); i++) {
        const std::string &name = network.layers[i].name;
        if (!is_name(name) || !names.insert(name).second)
            return bad_input(fmt::format("layer {}: expected a name of its own, found {}", i, shown(name)));
        const std::string fault = LayerCheck(network, i).fault();
        if (!fault.empty()) return bad_input(name + ": " + fault);
    }
    if (network.outputs.empty()) return bad_input(title + ": expected outputs, found none");
    for (const Output &output : network.outputs) {
        if (!is_name(output.name)) return bad_input("output: expected a name, found " + shown(output.name));
        const std::string fault = output_fault(network, output);
        if (!fault.empty()) return bad_input("output " + output.name + ": " + fault);
    }
    return ok();
}

}  // namespace hardnet
