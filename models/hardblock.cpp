#include "models/hardblock.h"

namespace hardnet {

std::vector<int> block_links(int layer) {
    std::vector<int> links;
    for (int step = 1; layer % step == 0; step *= 2) {
        links.push_back(layer - step);
        if (step == layer) break;
    }
    return links;
}

int block_channels(int layer, int growth_rate, double multiplier) {
    // Multiplied one factor at a time, in double, as the released networks were: 10 * 1.7 must be 17 exactly.
    double channels = growth_rate;
    for (; layer % 2 == 0; layer /= 2) channels *= multiplier;
    return static_cast<int>(channels + 1) / 2 * 2;
}

std::vector<int> block_outputs(int layers) {
    std::vector<int> outputs;
    for (int layer = 1; layer <= layers; layer++) {
        if (layer % 2 == 1 || layer == layers) outputs.push_back(layer);
    }
    return outputs;
}

}  // namespace hardnet
