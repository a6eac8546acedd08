#include "graph/measures.h"

#include <algorithm>

namespace hardnet {
namespace {

LayerMeasures measure_layer(const Layer &layer) {
    LayerMeasures m;
    if (layer.sources().size() > 1) m.concat = 2 * layer.in.elements();
    if (!layer.front_norm.empty()) m.parameters += 2 * layer.in.channels;
    if (!layer.has_weights()) return m;

    int64_t weights = 1;
    for (int64_t extent : weight_shape(layer)) weights *= extent;
    m.parameters += weights;
    if (!layer.norm.empty()) m.parameters += 2 * layer.out.channels;
    if (layer.bias) m.parameters += layer.out.channels;
    if (!layer.has_bias()) return m;  // a value per channel
    // A transposed convolution multiplies every input by every weight.
    const Shape &over = layer.op == OpKind::kTransposedConv ? layer.in : layer.out;
    m.macs = weights * over.height * over.width;
    if (layer.op != OpKind::kFullyConnected) m.cio = layer.in.elements() + layer.out.elements();
    return m;
}

}  // namespace

Measures measure(const Network &network) {
    Measures measures;
    std::vector<double> mocs;
    for (const Layer &layer : network.layers) {
        const LayerMeasures m = measure_layer(layer);
        measures.layers.push_back(m);
        measures.total.parameters += m.parameters;
        measures.total.macs += m.macs;
        measures.total.cio += m.cio;
        measures.total.concat += m.concat;
        if (m.cio > 0) mocs.push_back(m.moc());
    }
    std::sort(mocs.begin(), mocs.end());
    if (!mocs.empty()) {
        measures.min_moc = mocs.front();
        measures.median_moc = mocs[mocs.size() / 2];
    }
    return measures;
}

}  // namespace hardnet
