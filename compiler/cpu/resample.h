// Resampling by the layer's tables, row by row.
#pragma once
#include "compiler/cpu/planning.h"

namespace hardnet::cpu {

inline void plan_resample(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    ResampleSpec spec;
    spec.in_height = l.in.height;
    spec.in_width = l.in.width;
    spec.height = l.out.height;
    spec.width = l.out.width;
    spec.row_taps = l.window.y.kernel;
    spec.column_taps = l.window.x.kernel;
    p.set_planes(spec, p.tensor(l.sources()[0]), p.tensor(layer));
    const auto table = [&](int64_t first, int taps, int entries) {
        const int elements = int(resampling_elements(entries, taps)), entry = kResamplingHead + taps;
        const int64_t packed = p.builder.pack_vector(layer, 0, int(first), elements, elements);
        return whole(p.builder.view(Place::weights(packed), {{0, entry, 1}, {0, entries, entry}}));
    };
    const hardnet_argument rows = table(0, spec.row_taps, spec.height),
                           columns = table(resampling_elements(spec.height, spec.row_taps), spec.column_taps,
                                           spec.width);
    plan_by_rows(p, HARDNET_STEP_RESIZE, layer, spec, false, {rows, columns});
}

}  // namespace hardnet::cpu
