// 3x3 transposed convolutions of stride 2. Of the output's four kinds of pixels, by even and odd row and column, each
// is a convolution of its own: an even one reads two input rows (or columns) and the kernel's outer taps, an odd one
// reads one and the middle tap.
#include <algorithm>

#include "compiler/cpu/convolution.h"
#include "compiler/cpu/operators.h"

namespace hardnet::cpu {
namespace {

WindowAxis axis_of(int odd) { return {2 - odd, 1, 1, 1 - odd, 0}; }

// The kernel's taps that pixels of a kind read, as a transform that picks them: by row, then by column.
WeightTransform taps_of(int odd_y, int odd_x) {
    const auto axis = [](int odd) {
        std::vector<std::array<double, 3>> points;
        for (int k : odd ? std::vector<int>{1} : std::vector<int>{2, 0})
            points.push_back({double(k == 0), double(k == 1), double(k == 2)});
        return points;
    };
    WeightTransform picked{axis(odd_y), axis(odd_x), {}};
    for (size_t y = 0; y < picked.rows.size(); y++) {
        for (size_t x = 0; x < picked.columns.size(); x++) picked.points.push_back({uint8_t(y), uint8_t(x)});
    }
    return picked;
}

}  // namespace

void plan_transposed_convolution(Planning &p, int layer) {
    const Layer &l = p.layer(layer);
    const Tensor &out = p.tensor(layer);
    const std::vector<Tensor> sources = p.sources_of(layer);
    const int64_t bias = p.builder.pack_bias(layer, out.c8);
    p.builder.begin_step(HARDNET_STEP_TRANSPOSED_CONV, layer);
    for (int odd_y : {0, 1}) {
        for (int odd_x : {0, 1}) {
            const int width = (l.out.width + 1 - odd_x) / 2, height = (l.out.height + 1 - odd_y) / 2;
            if (width == 0 || height == 0) continue;
            const WeightTransform taps = taps_of(odd_y, odd_x);
            const int positions = taps.positions();
            for (const ChannelPart &part : p.decision(layer).parameters.blocks) {
                ConvolutionSpec spec = convolution_spec(p, layer, sources, part, width);
                spec.window = {axis_of(odd_y), axis_of(odd_x)};
                spec.pixels = std::min(part.extent, width);
                spec.pixel_stride = 2 * out.pixel_stride;
                spec.row_stride = 2 * out.row_stride();
                std::vector<hardnet_argument> arguments =
                    convolution_inputs(p, layer, sources, part, bias, positions, p.builder.transform(taps));
                const uint32_t y = p.builder.view(
                    out.place(odd_x, odd_y) + part.first,
                    {{0, part.padded(), 1}, {0, width, spec.pixel_stride}, {0, height, spec.row_stride}},
                    true, out.type());
                arguments.push_back(crop(y, 2, 1));
                p.builder.begin_part(height, 0, double(positions) * part.padded() * width * l.in.channels);
                p.builder.call(spec, arguments);
            }
        }
    }
    p.finish(layer);
}

}  // namespace hardnet::cpu
