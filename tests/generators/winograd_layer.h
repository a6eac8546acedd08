// A Winograd layer through its three operators, as the planner lays them out: input transforms of every
// source, a product and output transforms per part of the channels.
#pragma once
#include <algorithm>

#include "schedules/blocking.h"
#include "tests/generators/images.h"

namespace hardnet::testing {

struct WinogradCase {
    int m;
    std::vector<int> sources;
    int out;
    InputSize size;
    Activation activation;
    int cut = 0;  // of sums, where the machine's schedules have it

    Tiling tiling() const { return Tiling::cover(m, size.height, size.width); }
    int in() const {
        int sum = 0;
        for (int c : sources) sum += c;
        return sum;
    }
    std::string name() const {
        std::string text = tiling().name();
        for (size_t s = 0; s < sources.size(); s++) text += (s ? "+" : " ") + std::to_string(sources[s]);
        return text + " -> " + std::to_string(out) + " " + std::to_string(size.height) + "x" +
               std::to_string(size.width) + " " + name_of(activation) +
               (cut ? ", cut " + std::to_string(cut) : "");
    }
};

// V of one source: (c, tile, position), with room behind for the tiles that a product's last block reads
// beyond.
struct TransformedSource {
    TransformedSource(const WinogradCase &c, int channels_)
        : channels(channels_),
          tile_stride(round_up(channels_, kChannelAlignment)),
          position_stride(tile_stride * c.tiling().tiles() + 16),
          memory(size_t(position_stride) * c.tiling().positions() + 16 * tile_stride) {}
    int channels, tile_stride, position_stride;
    Memory memory;
};

inline InputTransformSpec input_spec(const WinogradCase &c, const Image &image, const TransformedSource &v,
                                     Quadrant q, int lanes) {
    InputTransformSpec spec;
    spec.tiling = c.tiling();
    spec.quadrant = q;
    spec.pixel_stride = image.c8;
    spec.row_stride = image.row_stride();
    spec.tile_stride = v.tile_stride;
    spec.position_stride = v.position_stride;
    spec.lanes = lanes;
    return spec;
}

inline OutputTransformSpec output_spec(const WinogradCase &c, const Image &out, const ChannelPart &part,
                                       Quadrant q, int lanes) {
    const Tiling t = c.tiling();
    OutputTransformSpec spec;
    spec.tiling = t;
    spec.quadrant = q;
    spec.tiles = part.extent;
    spec.m_stride = part.padded();
    spec.pixel_stride = out.c8;
    spec.row_stride = out.row_stride();
    spec.valid_rows =
        std::min(t.quadrant_rows(q) * t.tile_size(q.small_rows), c.size.height - t.first_row(q));
    spec.valid_columns =
        std::min(t.quadrant_columns(q) * t.tile_size(q.small_columns), c.size.width - t.first_column(q));
    spec.activation = c.activation;
    spec.lanes = lanes;
    return spec;
}

// One case on one machine: its data, its kernels in the order in which they run.
class WinogradLayer {
public:
    WinogradLayer(const WinogradCase &c, const Machine &machine, bool exact) : case_(c), machine_(machine) {
        const Tiling t = c.tiling();
        const auto data = exact ? eighths : uniform;
        const Shape in{c.in(), c.size.height, c.size.width};
        const std::vector<float> x = data(size_t(in.elements()), 21);
        weight_ = data(size_t(c.out) * in.channels * 9, 22);
        bias_ = data(size_t(c.out), 23);
        auto from = x.begin();
        for (int channels : c.sources) {
            const Shape shape{channels, in.height, in.width};
            const std::vector<float> plane(from, from + shape.elements());
            sources_.push_back(Image::of(shape, plane, 1, t.covered_rows(), t.covered_columns()));
            from += shape.elements();
        }
        expected_ = reference::convolution({x.begin(), x.end()}, in, weight_, bias_, Window::square(3, 1, 1));
        reference::activate(expected_, c.activation);
        parts_ = product_parts(machine, t, c.out, in.channels);
    }

    std::vector<KernelSpec> specs() const {
        const Tiling t = case_.tiling();
        std::vector<KernelSpec> specs;
        for (const Image &source : sources_) {
            const TransformedSource v(case_, source.shape.channels);
            for (Quadrant q : t.quadrants()) {
                specs.push_back(input_spec(case_, source, v, q, machine_.lanes_for(source.c8)));
            }
        }
        const Image out = empty_output();
        for (const ChannelPart &part : parts_) {
            ProductSpec product;
            product.tiling = t;
            for (const Image &source : sources_) {
                const TransformedSource v(case_, source.shape.channels);
                product.sources.push_back({v.channels, v.tile_stride, v.position_stride});
            }
            product.out = part.padded();
            product.block = part.block;
            product.tiles = part.extent;
            product.lanes = part.lanes;
            if (machine_.family == ScheduleFamily::kX86) product.cut = case_.cut;
            specs.push_back(product);
            for (Quadrant q : t.quadrants()) {
                specs.push_back(output_spec(case_, out, part, q, machine_.lanes_for(channels_of(part, out))));
            }
        }
        return specs;
    }

    // All calls in `pieces`, transforms along tile rows or along channels, products along items.
    Image run(const hardnet_kernel *kernel, bool by_rows, int pieces) const {
        std::vector<TransformedSource> v;
        for (const Image &source : sources_) {
            v.emplace_back(case_, source.shape.channels);
            for (Quadrant q : case_.tiling().quadrants())
                transform(*kernel++, source, v.back(), q, by_rows, pieces);
        }
        Image out = empty_output();
        for (const ChannelPart &part : parts_) {
            const Memory m = product(*kernel++, part, v, pieces);
            for (Quadrant q : case_.tiling().quadrants())
                transform_back(*kernel++, part, m, q, out, by_rows, pieces);
        }
        return out;
    }

    // Planar values as they lie in the output: zeros behind the image where tiles reach beyond it.
    std::vector<double> with_overhang(const std::vector<double> &values) const {
        const Shape shape = empty_output().shape;
        std::vector<double> all(size_t(shape.elements()), 0.0);
        for (int c = 0; c < case_.out; c++) {
            for (int y = 0; y < case_.size.height; y++) {
                for (int x = 0; x < case_.size.width; x++) {
                    all[(size_t(c) * shape.height + y) * shape.width + x] =
                        values[(size_t(c) * case_.size.height + y) * case_.size.width + x];
                }
            }
        }
        return all;
    }
    const std::vector<double> &expected() const { return expected_; }
    std::vector<double> found(const Image &out) const {  // planar, without overhang
        std::vector<double> all;
        for (int c = 0; c < case_.out; c++) {
            for (int y = 0; y < case_.size.height; y++) {
                for (int x = 0; x < case_.size.width; x++) all.push_back(out.memory[out.at(c, x, y)]);
            }
        }
        return all;
    }

private:
    Image empty_output() const {
        const Tiling t = case_.tiling();
        return Image({case_.out, t.covered_rows(), t.covered_columns()}, 1);
    }
    static int channels_of(const ChannelPart &part, const Image &out) {
        const bool last = part.first + part.channels >= out.shape.channels;
        return last ? std::min(out.c8 - part.first, part.padded()) : part.channels;
    }

    template <typename F>
    static void for_pieces(int units, int unit, int pieces, F f) {
        for (int piece = 0; piece < pieces; piece++) {
            const int begin = units * piece / pieces * unit, end = units * (piece + 1) / pieces * unit;
            if (begin < end) f(begin, end);
        }
    }

    void transform(hardnet_kernel kernel, const Image &source, TransformedSource &v, Quadrant q, bool by_rows,
                   int pieces) const {
        const Tiling t = case_.tiling();
        const int columns = t.quadrant_columns(q), rows = t.quadrant_rows(q),
                  lanes = machine_.lanes_for(source.c8);
        const int64_t offset = int64_t{1} * t.first_tile(q) * v.tile_stride +
                               int64_t{1} * t.first_position(q) * v.position_stride;
        const Buffer y(
            source.memory.data(),
            {{0, source.c8, 1}, {-1, source.columns, source.c8}, {-1, source.rows, source.row_stride()}});
        const Buffer out(v.memory.data() + offset, {{0, v.tile_stride, 1},
                                                    {0, columns, v.tile_stride},
                                                    {0, rows, v.tile_stride * columns},
                                                    {0, t.position_count(q), v.position_stride}});
        for_pieces(by_rows ? rows : source.c8 / lanes, by_rows ? 1 : lanes, pieces, [&](int begin, int end) {
            call(kernel, {y, out.cropped(by_rows ? 2 : 0, begin, end)});
        });
    }

    Memory product(hardnet_kernel kernel, const ChannelPart &part, const std::vector<TransformedSource> &v,
                   int pieces) const {
        const Tiling t = case_.tiling();
        const int items = ItemMap(t, part.extent).items, out = part.padded(), k = case_.in(),
                  p = t.positions();
        const Memory u = packed(transformed_weight(), case_.out, k, p, part.first, part.channels, part.block);
        std::vector<Buffer> arguments;
        for (const TransformedSource &s : v) {
            arguments.push_back(
                Buffer(s.memory.data(),
                       {{0, s.channels, 1}, {0, t.tiles(), s.tile_stride}, {0, p, s.position_stride}}));
        }
        arguments.push_back(Buffer(u.data(), {{0, part.block, 1},
                                              {0, k, part.block},
                                              {0, p, part.block * k},
                                              {0, part.blocks(), part.block * k * p}}));
        Memory m(size_t(items) * part.extent * out + 64);
        const Buffer all(m.data(), {{0, out, 1}, {0, part.extent, out}, {0, items, out * part.extent}});
        for_pieces(items, 1, pieces, [&](int begin, int end) {
            std::vector<Buffer> with_output = arguments;
            with_output.push_back(all.cropped(2, begin, end));
            call(kernel, with_output);
        });
        for (size_t i = m.size() - 64; i < m.size(); i++)
            EXPECT_TRUE(m.untouched(int64_t(i))) << "written behind M";
        return m;
    }

    void transform_back(hardnet_kernel kernel, const ChannelPart &part, const Memory &m, Quadrant q,
                        Image &out, bool by_rows, int pieces) const {
        const Tiling t = case_.tiling();
        const int mx = t.tile_size(q.small_columns), my = t.tile_size(q.small_rows),
                  rows = t.quadrant_rows(q);
        const int channels = channels_of(part, out), lanes = machine_.lanes_for(channels);
        const int tiles = ItemMap(t, part.extent).items * part.extent;
        const Memory bias = padded(bias_, size_t(out.c8));
        const Buffer y(out.memory.data() + out.at(part.first, t.first_column(q), t.first_row(q)),
                       {{0, channels, 1},
                        {0, mx, out.c8},
                        {0, t.quadrant_columns(q), out.c8 * mx},
                        {0, my, out.row_stride()},
                        {0, rows, out.row_stride() * my}});
        for_pieces(by_rows ? rows : channels / lanes, by_rows ? 1 : lanes, pieces, [&](int begin, int end) {
            call(kernel, {Buffer(m.data(), {{0, part.padded(), 1}, {0, tiles, part.padded()}}),
                          Buffer(bias.data() + part.first, {{0, channels, 1}}),
                          y.cropped(by_rows ? 4 : 0, begin, end)});
        });
    }

    // Per output and input channel G g G^T, by position.
    std::vector<float> transformed_weight() const {
        const Tiling t = case_.tiling();
        const Matrix g = t.weight_transform();
        std::vector<float> all(weight_.size() / 9 * size_t(t.positions()));
        for (size_t kernel = 0; kernel < weight_.size() / 9; kernel++) {
            for (int i = 0; i < t.points(); i++) {
                for (int j = 0; j < t.points(); j++) {
                    double sum = 0;
                    for (int k = 0; k < 9; k++) sum += g[i][k / 3] * g[j][k % 3] * weight_[kernel * 9 + k];
                    all[kernel * t.positions() + t.position(i, j)] = float(sum);
                }
            }
        }
        return all;
    }

    const WinogradCase case_;
    const Machine &machine_;
    std::vector<Image> sources_;
    std::vector<float> weight_, bias_;
    std::vector<double> expected_;
    std::vector<ChannelPart> parts_;
};

}  // namespace hardnet::testing
