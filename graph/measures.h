// The paper's measures of a network, from shapes alone.
//
//   parameters  convolution weights, batch norm gamma and beta, the classifier's weight and bias: as
//   published MACs        multiplications of convolutions and of the classifier CIO         convolutional
//   input/output (paper, equation 1): elements read plus elements written by convolutions; a
//               concatenated input counts in full each time it is read; pooling and the classifier do not
//               count
//   MoC         MACs per element of CIO; a layer with a low one is bound by memory
#pragma once
#include <cstdint>
#include <vector>

#include "graph/network.h"

namespace hardnet {

struct LayerMeasures {
    int64_t parameters = 0;
    int64_t macs = 0;
    int64_t cio = 0;     // elements
    int64_t concat = 0;  // elements that building the concatenated input by a copy would read and write
    double moc() const { return cio > 0 ? static_cast<double>(macs) / static_cast<double>(cio) : 0; }
};

struct Measures {
    std::vector<LayerMeasures> layers;  // parallel to Network::layers
    LayerMeasures total;
    double min_moc = 0, median_moc = 0;  // over the convolutions; of two middle ones the upper
};

Measures measure(const Network &network);

}  // namespace hardnet
