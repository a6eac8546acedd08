// The algebra of Winograd tiles, in double, without Halide: covers, orders and the transforms themselves.
#include "kernels/tiling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace hardnet {
namespace {

// One axis of F(m): outputs of a 3-tap correlation of n = m + 2 inputs.
std::vector<double> by_winograd(const Tiling &t, bool small, const std::vector<double> &d,
                                const double (&g)[3]) {
    const Matrix b = t.input_transform(small), a = t.output_transform(small), w = t.weight_transform();
    std::vector<double> product(b.size()), y;
    for (size_t j = 0; j < b.size(); j++) {
        double v = 0, u = 0;
        for (size_t i = 0; i < d.size(); i++) v += b[j][i] * d[i];
        for (int k = 0; k < 3; k++) u += w[j][k] * g[k];
        product[j] = v * u;
    }
    for (const std::vector<double> &row : a) {
        double sum = 0;
        for (size_t j = 0; j < row.size(); j++) sum += row[j] * product[j];
        y.push_back(sum);
    }
    return y;
}

TEST(Tiling, TransformsAreExactCorrelations) {
    const double g[3] = {0.5, -1.25, 2.0};
    for (int m = 2; m <= 4; m++) {
        Tiling t(m, {1, 1}, {1, 1});
        for (bool small : {false, true}) {
            std::vector<double> d;
            for (int i = 0; i < t.tile_size(small) + 2; i++) d.push_back(std::sin(1.0 + i * 1.7));
            std::vector<double> y = by_winograd(t, small, d, g);
            ASSERT_EQ(int(y.size()), t.tile_size(small));
            for (size_t i = 0; i < y.size(); i++) {
                EXPECT_NEAR(y[i], d[i] * g[0] + d[i + 1] * g[1] + d[i + 2] * g[2], 1e-12)
                    << "m " << m << " small " << small;
            }
        }
    }
}

TEST(Tiling, CoversAreExactFromSixOn) {
    for (int height = 1; height <= 80; height++) {
        for (int width : {1, 5, 7, 14, 28, 33}) {
            Tiling t = Tiling::cover(4, height, width);
            EXPECT_GE(t.covered_rows(), height);
            EXPECT_GE(t.covered_columns(), width);
            if (height >= 6) {
                EXPECT_EQ(t.covered_rows(), height);
            }
        }
    }
    EXPECT_EQ(Tiling::cover(4, 14, 14).products(), 484);  // 4 + 4 + 3 + 3 instead of four tiles of 4: 576
    EXPECT_EQ(Tiling::cover(4, 28, 28).products(), 49 * 36);
    EXPECT_EQ(Tiling::cover(2, 7, 7).products(), 225);  // 2 + 2 + 2 + 1
}

TEST(Tiling, PositionsAndTilesAreEachNumberedOnce) {
    for (int m = 2; m <= 4; m++) {
        for (TileAxis rows : {TileAxis{3, 2}, TileAxis{4, 0}, TileAxis{0, 2}}) {
            Tiling t(m, rows, {2, 1});
            std::set<int> positions, tiles;
            for (int i = 0; i < t.points(); i++) {
                for (int j = 0; j < t.points(); j++) positions.insert(t.position(i, j));
            }
            EXPECT_EQ(int(positions.size()), t.positions());
            EXPECT_EQ(*positions.rbegin(), t.positions() - 1);
            int tile = 0;
            for (Quadrant q : t.quadrants()) {
                EXPECT_EQ(t.first_tile(q), tile);
                tile += t.quadrant_rows(q) * t.quadrant_columns(q);
            }
            EXPECT_EQ(tile, t.tiles());
        }
    }
}

// Each quadrant's positions are a contiguous range, and each of them finds the quadrant's tiles in its item
// range.
TEST(Tiling, ItemsHoldWhatQuadrantsRead) {
    for (int block : {1, 3, 7, 8}) {
        Tiling t(4, {2, 3}, {5, 2});
        ItemMap map(t, block);
        std::set<int> used;
        for (Quadrant q : t.quadrants()) {
            int rows = t.tile_size(q.small_rows) + 2, columns = t.tile_size(q.small_columns) + 2;
            EXPECT_EQ(t.position_count(q), rows * columns);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    int p = t.position(i, j);
                    EXPECT_GE(p, t.first_position(q));
                    EXPECT_LT(p, t.first_position(q) + t.position_count(q));
                    for (int k = 0; k < t.quadrant_rows(q) * t.quadrant_columns(q); k++) {
                        int flat = map.flat_index(p, t.first_tile(q) + k);
                        ASSERT_GE(flat, 0);
                        ASSERT_LT(flat, map.items * block);
                        EXPECT_TRUE(used.insert(flat).second) << "two products share a place in M";
                    }
                }
            }
        }
    }
}

}  // namespace
}  // namespace hardnet
