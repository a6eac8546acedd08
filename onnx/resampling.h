// Tables of kResample: where each row and each column of a layer's output comes from.
#pragma once
#include <vector>

#include "onnx/translate.h"

namespace hardnet {

constexpr int kMostShares = 16;  // of an entry; the kernel has code for each

// An output row or column: the sum of input(first + k) * shares[k], or `beyond` where that is not 0.
struct ResampledEntry {
    int64_t first = 0;
    double beyond = 0;
    std::vector<double> shares;
};

// One output of an axis: inputs from `first` on, of which those beyond the edges are the edges.
ResampledEntry edged_entry(int64_t first, const std::vector<double> &shares, int extent);

// By the entries of rows and of columns, whatever the numbers of their shares.
bool add_resampled(OnnxImport &import, const OnnxNode &node, const std::vector<ResampledEntry> (&axes)[2]);

}  // namespace hardnet
