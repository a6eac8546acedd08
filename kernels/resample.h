// Specification of resampling along rows and columns by known tables.
#pragma once
#include <string>
#include <vector>

#include "graph/resampling.h"
#include "kernels/key.h"
#include "kernels/parameter.h"

namespace hardnet {

// Y from X by R and C, the entries of Y's rows and columns as graph/resampling.h says: (number, row) and (number, column).
// Channels-last tensors (c, x, y), strides in elements. Calls cover a range of rows and of channels (multiples of `lanes`).
struct ResampleSpec {
    int in_height = 0, in_width = 0, height = 0, width = 0;
    int row_taps = 1, column_taps = 1;           // shares of an entry of R, of C
    int in_pixel_stride = 0, in_row_stride = 0;  // of X
    int pixel_stride = 0, row_stride = 0;        // of Y
    int lanes = 16;

    std::string key() const {
        Key k("resample");
        k.add("in", {in_height, in_width, in_pixel_stride, in_row_stride})
            .add("taps", {row_taps, column_taps});
        return k.add("out", {height, width, pixel_stride, row_stride}).add("lanes", {lanes}).text;
    }
    std::vector<KernelParameter> parameters() const {
        const auto table = [](const char *name, int taps, int entries) -> KernelParameter {
            return {name, {{1, kResamplingHead + taps}, {kResamplingHead + taps, entries}}};
        };
        return {plane("X", in_pixel_stride, in_row_stride, in_width), table("R", row_taps, height),
                table("C", column_taps, width), plane("Y", pixel_stride, row_stride, width, true)};
    }
};

}  // namespace hardnet
