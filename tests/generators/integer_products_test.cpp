// Products of int16 and int8 against sums in 64 bits, with ==, so that they are the same bits at every level.
#include "tests/generators/integers.h"
#include "tests/generators/winograd_layer.h"

namespace hardnet::testing {
namespace {

class IntegerProducts : public OnEveryMachine {
protected:
    std::vector<Precision> precisions() const {
        std::vector<Precision> all;
        if (machine().int16) all.push_back(Precision::kInt16);
        if (machine().dot_factor) all.push_back(Precision::kInt8);
        return all;
    }
};
INSTANTIATE_TEST_SUITE_P(Levels, IntegerProducts, ::testing::ValuesIn(integer_levels()),
                         [](const auto &level) { return level.param; });

// The greatest magnitudes of V and of U. Sums of int8, of 255 x 127 at most, are far from their bound here.
int most_of(Precision products) { return products == Precision::kInt16 ? (1 << 14) - 1 : 127; }
int most_of_weights(Precision products) { return products == Precision::kInt16 ? 32767 : 127; }

// V of every source, and the integers and scales of U.
struct ProductData {
    ProductData(const WinogradCase &c, Precision products)
        : products(products),
          tiles(c.tiling().tiles()),
          positions(c.tiling().positions()),
          scales(size_t(c.out) * positions) {
        for (size_t s = 0; s < c.sources.size(); s++) {
            tile_stride.push_back(round_up(c.sources[s], kChannelAlignment));
            position_stride.push_back(tile_stride[s] * tiles + 64);
            v.emplace_back(size_t(position_stride[s]) * positions + 16 * tile_stride[s]);
        }
        for (size_t i = 0; i < scales.size(); i++) scales[i] = 1.0f / float(3 + i % 1000);
    }
    Precision products;
    int tiles, positions;
    std::vector<int> tile_stride, position_stride;
    std::vector<std::vector<int>> v;
    std::vector<int> weights;   // [o][i][position]
    std::vector<float> scales;  // [o][position]
};

// Any V, padding and gaps too: what no channel is of is multiplied by zero or not read.
ProductData random_data(const WinogradCase &c, Precision products) {
    ProductData d(c, products);
    const int most = most_of(products);
    for (std::vector<int> &v : d.v) v = integers(v.size(), most, uint32_t(v.size()));
    d.weights = integers(size_t(c.out) * c.in() * d.positions,
                         std::min(most_of_weights(products), INT32_MAX / most / c.in()), 31);
    return d;
}

// Every sum of int16 is the greatest that the runtime's packing allows, of either sign: V is +-most, and the magnitudes of
// an output channel's weights add up to INT32_MAX / most.
ProductData extreme_data(const WinogradCase &c, Precision products) {
    ProductData d(c, products);
    const int in = c.in(), most = most_of(products), all = INT32_MAX / most;
    const std::vector<int> signs = integers(size_t(in), 1000, 32);
    const auto sign_of = [&](int i) { return signs[size_t(i)] < 0 ? -1 : 1; };
    for (size_t s = 0, first = 0; s < d.v.size(); first += size_t(c.sources[s++])) {
        std::fill(d.v[s].begin(), d.v[s].end(), most);
        for (int p = 0; p < d.positions; p++) {
            for (int t = 0; t < d.tiles; t++) {
                for (int i = 0; i < c.sources[s]; i++)
                    d.v[s][size_t(p * d.position_stride[s] + t * d.tile_stride[s] + i)] =
                        most * sign_of(int(first) + i) * (t % 2 ? -1 : 1);
            }
        }
    }
    for (int o = 0; o < c.out; o++) {
        for (int i = 0; i < in; i++) {
            for (int p = 0; p < d.positions; p++) {
                const int magnitude = std::min(most_of_weights(products), all / in + (i < all % in ? 1 : 0));
                d.weights.push_back(magnitude * sign_of(i) * (o % 3 ? 1 : -1));
            }
        }
    }
    return d;
}

int64_t sum_of(const WinogradCase &c, const ProductData &d, int o, int tile, int position) {
    int64_t sum = 0;
    int i = 0;
    for (size_t s = 0; s < d.v.size(); s++) {
        const int *v =
            d.v[s].data() + int64_t{position} * d.position_stride[s] + int64_t{tile} * d.tile_stride[s];
        for (int k = 0; k < c.sources[s]; k++, i++)
            sum += int64_t{v[k]} * d.weights[(size_t(o) * c.in() + i) * d.positions + position];
    }
    return sum;
}

int steps_of(const WinogradCase &c, Precision products) {
    return products == Precision::kInt16 ? steps_in<int16_t>(c.sources) : steps_in<int8_t>(c.sources);
}

Blocks parts_of(const WinogradCase &c, Precision products, const Machine &machine) {
    return product_parts(machine, c.tiling(), c.out, steps_of(c, products));
}

bool is_shifted(Precision products, const Machine &machine) {
    return products == Precision::kInt8 && machine.dot_factor == IntegerType::kUint8;
}

std::vector<KernelSpec> specs_of(const WinogradCase &c, Precision products, const Machine &machine) {
    std::vector<KernelSpec> specs;
    const ProductData d(c, products);
    for (const ChannelPart &part : parts_of(c, products, machine)) {
        ProductSpec spec;
        spec.tiling = c.tiling();
        for (size_t s = 0; s < c.sources.size(); s++)
            spec.sources.push_back({c.sources[s], d.tile_stride[s], d.position_stride[s]});
        spec.out = part.padded();
        spec.block = part.block;
        spec.tiles = part.extent;
        spec.lanes = part.lanes;
        spec.products = products;
        spec.shifted = is_shifted(products, machine);
        specs.push_back(spec);
    }
    return specs;
}

constexpr int kShiftOfV = 128;

// At which the sums of shifted V begin: [o][position].
std::vector<int32_t> offsets_of(const WinogradCase &c, const ProductData &d) {
    std::vector<int32_t> offsets(d.scales.size());
    for (size_t o = 0; o < size_t(c.out); o++) {
        for (size_t i = 0; i < size_t(c.in()); i++) {
            for (size_t p = 0; p < size_t(d.positions); p++)
                offsets[o * d.positions + p] -= kShiftOfV * d.weights[(o * c.in() + i) * d.positions + p];
        }
    }
    return offsets;
}

// V as Elements, weights as Weights.
template <typename Element, typename Weight>
Memory product_of(const WinogradCase &c, const ProductData &d, const ChannelPart &part, hardnet_kernel kernel,
                  int pieces) {
    const bool shifted = std::is_unsigned_v<Element>;
    const int items = ItemMap(c.tiling(), part.extent).items, out = part.padded();
    const MemoryOf<Weight> u = packed_steps<Weight>(d.weights, d.positions, c.sources, part);
    const Memory scales = packed_scales(d.scales, d.positions, part);
    const MemoryOf<int32_t> offsets = packed_scales(offsets_of(c, d), d.positions, part);
    std::vector<MemoryOf<Element>> v;
    std::vector<Buffer> inputs;
    for (size_t s = 0; s < d.v.size(); s++) {
        MemoryOf<Element> &memory = v.emplace_back(d.v[s].size());
        std::transform(d.v[s].begin(), d.v[s].end(), memory.data(),
                       [&](int value) { return Element(value + (shifted ? kShiftOfV : 0)); });
        inputs.push_back(Buffer(memory.data(), {{0, round_up(c.sources[s], kInStep<Weight>), 1},
                                                {0, d.tiles, d.tile_stride[s]},
                                                {0, d.positions, d.position_stride[s]}}));
    }
    inputs.push_back(steps_buffer(u, d.positions, steps_of(c, d.products), part));
    inputs.push_back(scales_buffer(scales, d.positions, part));
    if (shifted) inputs.push_back(scales_buffer(offsets, d.positions, part));
    Memory m(size_t(items) * part.extent * out + 64);
    const Buffer all(m.data(), {{0, out, 1}, {0, part.extent, out}, {0, items, out * part.extent}});
    for (int piece = 0; piece < pieces; piece++) {
        const int begin = items * piece / pieces, end = items * (piece + 1) / pieces;
        if (begin == end) continue;
        std::vector<Buffer> arguments = inputs;
        arguments.push_back(all.cropped(2, begin, end));
        call(kernel, arguments);
    }
    for (size_t i = m.size() - 64; i < m.size(); i++)
        EXPECT_TRUE(m.untouched(int64_t(i))) << "written behind M";
    return m;
}

void expect_product(const WinogradCase &c, const ProductData &d, const ChannelPart &part, const Memory &m) {
    const ItemMap items(c.tiling(), part.extent);
    int64_t wrong = 0;
    for (const Tiling::PositionClass &positions : c.tiling().classes()) {
        for (int p = positions.first_position; p < positions.first_position + positions.positions; p++) {
            for (int t = positions.first_tile; t < positions.first_tile + positions.tiles; t++) {
                for (int lane = 0; lane < part.channels && part.first + lane < c.out; lane++) {
                    const int o = part.first + lane;
                    const int64_t sum = sum_of(c, d, o, t, p);
                    ASSERT_LE(std::abs(sum), INT32_MAX) << "the test's data";
                    const float expected = float(sum) * d.scales[size_t(o) * d.positions + p],
                                found = m[int64_t{items.flat_index(p, t)} * part.padded() + lane];
                    if (found == expected || wrong++) continue;
                    ADD_FAILURE() << "c " << o << " tile " << t << " position " << p << ": expected "
                                  << expected << " (a sum of " << sum << "), found " << found;
                }
            }
        }
    }
    EXPECT_EQ(wrong, 0) << "wrong values";
}

void check_products(const std::vector<WinogradCase> &cases, Precision products, const Machine &machine,
                    ProductData (*data_of)(const WinogradCase &, Precision)) {
    std::vector<KernelSpec> specs;
    for (const WinogradCase &c : cases) {
        for (const KernelSpec &spec : specs_of(c, products, machine)) specs.push_back(spec);
    }
    const auto run = products == Precision::kInt16   ? product_of<int16_t, int16_t>
                     : is_shifted(products, machine) ? product_of<uint8_t, int8_t>
                                                     : product_of<int8_t, int8_t>;
    const KernelLibrary library(specs, machine);
    size_t next = 0;
    for (const WinogradCase &c : cases) {
        SCOPED_TRACE(c.name() + " " + name_of(products));
        const ProductData d = data_of(c, products);
        for (const ChannelPart &part : parts_of(c, products, machine)) {
            const Memory m = run(c, d, part, library[next], 1);
            expect_product(c, d, part, m);
            EXPECT_TRUE(run(c, d, part, library[next], 2).same_bits(m)) << "in two by items";
            next++;
        }
    }
}

const std::vector<WinogradCase> &product_cases() {
    static const std::vector<WinogradCase> all = {{4, {14}, 14, {14, 14}, Activation::kNone},
                                                  {4, {28, 15, 46}, 78, {7, 7}, Activation::kNone},
                                                  {2, {1, 33}, 46, {5, 7}, Activation::kNone},
                                                  {2, {1}, 28, {1, 1}, Activation::kNone},
                                                  {3, {334}, 22, {5, 7}, Activation::kNone}};
    return all;
}

TEST_P(IntegerProducts, EqualSumsOf64BitsTimesTheScale) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (Precision products : precisions()) check_products(product_cases(), products, machine(), random_data);
}

TEST_P(IntegerProducts, DoNotOverflowAtThePackingsBound) {
    if (!missing().empty()) GTEST_SKIP() << "this CPU has no " << missing();
    for (Precision products : precisions())
        check_products(product_cases(), products, machine(), extreme_data);
}

// Data of the test above that would overflow with one step more.
TEST(Int16ProductData, ReachesTheBound) {
    const int most = most_of(Precision::kInt16);
    for (const WinogradCase &c : product_cases()) {
        if (c.in() < 8) continue;  // so few weights below 2^15 do not
        const ProductData d = extreme_data(c, Precision::kInt16);
        for (int tile : {0, 1}) {
            for (int o : {0, 1}) {
                const int64_t sum = std::abs(sum_of(c, d, o, tile, 3));
                EXPECT_GT(sum + most, INT32_MAX) << c.name();
                EXPECT_LE(sum, INT32_MAX) << c.name();
            }
        }
    }
}

}  // namespace
}  // namespace hardnet::testing
