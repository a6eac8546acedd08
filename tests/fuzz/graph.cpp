// A package's graph: what is read is written and read back the same, and every number fits: the reference operators, which
// check nothing, run what is small on zeros.
#include "graph/measures.h"
#include "graph/network_json.h"
#include "reference/run_network.h"
#include "tests/fuzz/fuzz.h"

namespace hardnet {
namespace {

bool is_small(const Network &network) {
    constexpr int64_t kMostMacs = 1 << 18, kMostElements = 1 << 14, kMostTaps = 1 << 8;
    const Measures measures = measure(network);
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &l = network.layers[i];
        const WindowAxis &y = l.window.y, &x = l.window.x;
        const Shape padded{l.in.channels, l.in.height + y.before + y.after, l.in.width + x.before + x.after};
        if (padded.elements() > kMostElements || l.out.elements() > kMostElements ||
            int64_t{y.kernel} * x.kernel > kMostTaps || measures.layers[i].parameters > kMostElements)
            return false;
    }
    return measures.total.macs < kMostMacs && network.layers.size() < 64;
}

FoldedWeights zeros(const Network &network) {
    FoldedWeights weights;
    for (const Layer &layer : network.layers) {
        FoldedLayer folded;
        for (const FoldedTensor &tensor : folded_tensors(layer)) {
            size_t elements = 1;
            for (int64_t extent : tensor.shape) elements *= size_t(extent);
            const std::string field = tensor.name.substr(layer.name.size());
            FloatTensor &to = field == ".weight"        ? folded.weight
                              : field == ".bias"        ? folded.bias
                              : field == ".front_scale" ? folded.front_scale
                                                        : folded.front_shift;
            to.values.assign(elements, 0);
        }
        weights.layers.push_back(folded);
    }
    return weights;
}

}  // namespace
}  // namespace hardnet

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using namespace hardnet;
    const auto read = [](const std::string &text, std::optional<Error> &error) {
        const Result<JsonText> json = parse_json(text, "x");
        if (json) return read_graph(*json, "", error);
        error = json.error();
        return Network{};
    };
    std::optional<Error> error;
    const Network network = read(std::string(reinterpret_cast<const char *>(data), size), error);
    if (error) return require_error(*error), 0;
    const std::string text = graph_json(network).dump();
    const Network again = read(text, error);
    require(!error && graph_json(again).dump() == text);
    for (const Output &output : network.outputs) output_shape(network, output);
    if (!is_small(network)) return 0;
    const std::vector<float> input(size_t(network.input.elements()));
    const auto outputs = run_network(network, zeros(network), input, {1, {}});
    require(bool(outputs) && outputs->size() == network.layers.size());
    for (size_t i = 0; i < outputs->size(); i++)
        require((*outputs)[i].size() == size_t(network.layers[i].out.elements()));
    for (const Output &output : network.outputs) require(!output_values(network, output, *outputs).empty());
    return 0;
}
