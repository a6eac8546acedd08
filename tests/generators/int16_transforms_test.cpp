// Transforms that read int16 or write integers: against transforms in double, or against the same kernel of float32.
#include "tests/generators/integers.h"
#include "tests/generators/winograd_layer.h"

namespace hardnet::testing {
namespace {

class Int16Transforms : public OnEveryMachine {};
INSTANTIATE_TEST_SUITE_P(Levels, Int16Transforms, ::testing::ValuesIn(int16_levels()),
                         [](const auto &level) { return level.param; });

const std::vector<WinogradCase> &transform_cases() {
    static const std::vector<WinogradCase> all = {{2, {14}, 14, {5, 7}, Activation::kRelu6},
                                                  {4, {28}, 46, {14, 14}, Activation::kNone},
                                                  {4, {7}, 30, {7, 9}, Activation::kRelu},
                                                  {3, {16}, 8, {5, 7}, Activation::kRelu6}};
    return all;
}

constexpr Storage kSource{8191, 9};

// To what a machine's products of that precision read; a part of V is beyond it.
VRounding rounding_for(const Tiling &t, Precision products, const Machine &machine) {
    VRounding rounding{5000, {}};
    for (int p = 0; p < t.positions(); p++)
        rounding.units.push_back(std::ldexp(1.0f, (t.m() > 2 ? 3 : 0) - 7 - p % 4));
    if (products == Precision::kInt16) return rounding;
    rounding.most = 127;
    rounding.type = *machine.dot_factor;
    for (float &unit : rounding.units) unit *= 64;
    return rounding;
}

InputTransformSpec rounded_input(const WinogradCase &c, const Image &image, const TransformedSource &v,
                                 Quadrant q, int lanes, const VRounding &rounding, bool from_int16) {
    InputTransformSpec spec = input_spec(c, image, v, q, lanes);
    spec.rounding = rounding;
    if (from_int16) spec.storage = kSource;
    return spec;
}

// V of one position and tile of a quadrant, before it is rounded.
double transformed_value(const Image &image, const Tiling &t, Quadrant q, int c, int tx, int ty, int i,
                         int j) {
    const Matrix rows = t.input_transform(q.small_rows), columns = t.input_transform(q.small_columns);
    double sum = 0;
    for (size_t a = 0; a < rows[i].size(); a++) {
        for (size_t b = 0; b < columns[j].size(); b++) {
            const int x = t.first_column(q) + t.tile_size(q.small_columns) * tx + int(b) - 1,
                      y = t.first_row(q) + t.tile_size(q.small_rows) * ty + int(a) - 1;
            sum += rows[i][a] * columns[j][b] * image.memory[image.at(c, x, y)];
        }
    }
    return sum;
}

struct Counts {
    int64_t wrong = 0, ties = 0, below = 0, above = 0, all = 0;
};

// Of F(4x4)'s factors no float is exact: what float32 arithmetic loses of a V of up to `most` may cross a tie.
template <typename T>
void expect_rounded(const WinogradCase &c, const Image &image, const TransformedSource &strides,
                    const MemoryOf<T> &v, const VRounding &rounding, Quadrant q, Counts &counts) {
    const Tiling t = c.tiling();
    const double near_tie = t.m() == 2 ? 0 : rounding.most * std::ldexp(1, -21);
    for (int i = 0; i < t.tile_size(q.small_rows) + 2; i++) {
        for (int j = 0; j < t.tile_size(q.small_columns) + 2; j++) {
            const int p = t.position(i, j);
            for (int tile = 0; tile < t.quadrant_rows(q) * t.quadrant_columns(q); tile++) {
                const int tx = tile % t.quadrant_columns(q), ty = tile / t.quadrant_columns(q);
                for (int k = 0; k < image.shape.channels; k++) {
                    const double value = transformed_value(image, t, q, k, tx, ty, i, j),
                                 scaled = value / rounding.units[size_t(p)],
                                 expected = stored_value(scaled, rounding.most, 0);
                    const int found = v[int64_t{p} * strides.position_stride +
                                        int64_t{t.first_tile(q) + tile} * strides.tile_stride + k] -
                                      rounding.shift();
                    counts.all++;
                    counts.below += found == -rounding.most;
                    counts.above += found == rounding.most;
                    const double to_tie = std::abs(scaled - std::floor(scaled) - 0.5);
                    if (to_tie < near_tie && std::abs(found - expected) <= 1) {
                        counts.ties++;
                    } else if (found != expected && !counts.wrong++) {
                        ADD_FAILURE() << "c " << k << " tile " << tile << " position " << p << ": expected "
                                      << expected << " of " << scaled << ", found " << found;
                    }
                }
            }
        }
    }
}

template <typename T>
void check_input(const WinogradCase &c, const hardnet_kernel *kernel, const VRounding &rounding,
                 bool from_int16) {
    const Tiling t = c.tiling();
    const Shape shape{c.in(), c.size.height, c.size.width};
    const auto elements = size_t(shape.elements());
    std::vector<float> x = eighths(elements, 41);
    for (float &value : x) value *= 16;
    const std::vector<int> stored = integers(elements, kSource.most, 42);
    if (from_int16) {
        for (size_t i = 0; i < elements; i++) x[i] = std::ldexp(float(stored[i]), -kSource.exponent);
    }
    const Image image = Image::of(shape, x, 1, t.covered_rows(), t.covered_columns());
    Int16Memory source(image.memory.size());
    for (size_t i = 0; i < source.size(); i++)
        source[int64_t(i)] = int16_t(std::ldexp(image.memory[int64_t(i)], kSource.exponent));
    const TransformedSource strides(c, c.in());
    const std::vector<hardnet_dim> dims = {
        {0, image.c8, 1}, {-1, image.columns, image.c8}, {-1, image.rows, image.row_stride()}};
    const Buffer y = from_int16 ? Buffer(source.data(), dims) : Buffer(image.memory.data(), dims);
    MemoryOf<T> whole(strides.memory.size()), halves(strides.memory.size());
    Counts counts;
    for (Quadrant q : t.quadrants()) {
        const int rows = t.quadrant_rows(q), columns = t.quadrant_columns(q);
        const int64_t offset = int64_t{1} * t.first_tile(q) * strides.tile_stride +
                               int64_t{1} * t.first_position(q) * strides.position_stride;
        const auto target = [&](MemoryOf<T> &v) {
            return Buffer(v.data() + offset, {{0, strides.tile_stride, 1},
                                              {0, columns, strides.tile_stride},
                                              {0, rows, strides.tile_stride * columns},
                                              {0, t.position_count(q), strides.position_stride}});
        };
        call(*kernel, {y, target(whole)});
        if (rows > 1) call(*kernel, {y, target(halves).cropped(2, 0, rows / 2)});
        call(*kernel, {y, target(halves).cropped(2, rows / 2, rows)});
        expect_rounded(c, image, strides, whole, rounding, q, counts);
        kernel++;
    }
    EXPECT_EQ(counts.wrong, 0) << "wrong values";
    EXPECT_TRUE(halves.same_bits(whole)) << "in two by rows";
    EXPECT_LT(counts.ties, counts.all / 100);
    EXPECT_GT(counts.below, counts.all / 1000);
    EXPECT_GT(counts.above, counts.all / 1000);
    EXPECT_LT(counts.below + counts.above, counts.all / 2);
}

void check_inputs(Precision products, const Machine &machine) {
    std::vector<KernelSpec> specs;
    for (bool from_int16 : {false, true}) {
        for (const WinogradCase &c : transform_cases()) {
            const Tiling t = c.tiling();
            const Image image({c.in(), c.size.height, c.size.width}, 1, t.covered_rows(),
                              t.covered_columns());
            for (Quadrant q : t.quadrants())
                specs.push_back(rounded_input(c, image, TransformedSource(c, c.in()), q,
                                              machine.lanes_for(image.c8), rounding_for(t, products, machine),
                                              from_int16));
        }
    }
    const KernelLibrary library(specs, machine);
    std::vector<hardnet_kernel> kernels;
    for (size_t i = 0; i < specs.size(); i++) kernels.push_back(library[i]);
    const hardnet_kernel *next = kernels.data();
    for (bool from_int16 : {false, true}) {
        for (const WinogradCase &c : transform_cases()) {
            SCOPED_TRACE(c.name() + (from_int16 ? " from int16 to " : " to ") + name_of(products));
            const VRounding rounding = rounding_for(c.tiling(), products, machine);
            const auto check = rounding.type == IntegerType::kInt16  ? check_input<int16_t>
                               : rounding.type == IntegerType::kInt8 ? check_input<int8_t>
                                                                     : check_input<uint8_t>;
            check(c, next, rounding, from_int16);
            next += c.tiling().quadrants().size();
        }
    }
}

TEST_P(Int16Transforms, InputIsRoundedToTheNearestAndHeldToItsRange) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    check_inputs(Precision::kInt16, machine());
    if (machine().dot_factor) check_inputs(Precision::kInt8, machine());
}

Storage stored_output(const WinogradCase &c) { return {300, c.m == 4 ? 5 : 6}; }

// The kernel of float32 is winograd_test.cpp's; what the other stores is its result.
TEST_P(Int16Transforms, OutputStoresWhatFloat32Gives) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    constexpr int kTiles = 4;
    std::vector<KernelSpec> specs;
    for (const WinogradCase &c : transform_cases()) {
        const Tiling t = c.tiling();
        const Image out({c.out, t.covered_rows(), t.covered_columns()}, 1);
        ChannelPart part;
        part.channels = part.block = out.c8;
        part.extent = kTiles;
        for (Quadrant q : t.quadrants()) {
            OutputTransformSpec spec = output_spec(c, out, part, q, machine().lanes_for(out.c8));
            specs.push_back(spec);
            spec.storage = stored_output(c);
            specs.push_back(spec);
        }
    }
    const KernelLibrary library(specs, machine());
    size_t next = 0;
    for (const WinogradCase &c : transform_cases()) {
        SCOPED_TRACE(c.name());
        const Tiling t = c.tiling();
        const Storage stored = stored_output(c);
        Image floats({c.out, t.covered_rows(), t.covered_columns()}, 1);
        Int16Memory ints(floats.memory.size());
        const int tiles = ItemMap(t, kTiles).items * kTiles, c8 = floats.c8;
        Memory m(size_t(tiles) * c8), bias = padded(eighths(size_t(c.out), 52), size_t(c8));
        const std::vector<float> values = uniform(m.size(), 51);
        for (size_t i = 0; i < m.size(); i++) m[int64_t(i)] = 2 * values[i];
        for (Quadrant q : t.quadrants()) {
            const int mx = t.tile_size(q.small_columns), my = t.tile_size(q.small_rows);
            const int64_t at = floats.at(0, t.first_column(q), t.first_row(q));
            const std::vector<hardnet_dim> dims = {{0, c8, 1},
                                                   {0, mx, c8},
                                                   {0, t.quadrant_columns(q), c8 * mx},
                                                   {0, my, floats.row_stride()},
                                                   {0, t.quadrant_rows(q), floats.row_stride() * my}};
            const std::vector<Buffer> inputs = {Buffer(m.data(), {{0, c8, 1}, {0, tiles, c8}}),
                                                Buffer(bias.data(), {{0, c8, 1}})};
            for (const Buffer &y :
                 {Buffer(floats.memory.data() + at, dims), Buffer(ints.data() + at, dims)}) {
                std::vector<Buffer> arguments = inputs;
                arguments.push_back(y);
                call(library[next++], arguments);
            }
        }
        int64_t wrong = 0, saturated = 0, inside = 0;
        for (size_t i = 0; i < ints.size(); i++) {
            const auto at = int64_t(i);
            if (floats.memory.untouched(at)) {
                wrong += !ints.untouched(at);
                continue;
            }
            const double expected = stored_value(floats.memory[at], stored.most, stored.exponent);
            inside++;
            saturated += std::abs(expected) == stored.most;
            if (ints[at] != expected && !wrong++)
                ADD_FAILURE() << "element " << i << ": expected " << expected << " of " << floats.memory[at]
                              << ", found " << ints[at];
        }
        EXPECT_EQ(wrong, 0) << "wrong values";
        EXPECT_GT(saturated, inside / 100);
        EXPECT_LT(saturated, inside / 2);
    }
}

}  // namespace
}  // namespace hardnet::testing
