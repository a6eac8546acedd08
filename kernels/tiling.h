// Which Winograd tiles cover an image, in which order tiles and positions lie in memory, and the transform
// matrices.
//
// An axis is covered by `big` tiles of m outputs, then `small` tiles of m - 1. F(m - 1) uses the
// interpolation points of F(m) less one, so both share their transformed weights and the positions of V: a
// small tile merely has no use for the dropped position (Lavin and Gray 2016 give the algorithm; the point
// sets minimise the error in fp32, docs/performance.md).
//
// A position (i, j) is the point pair of a tile row and column. Positions fall into four classes by whether
// the row or the column point is the dropped one, and tiles into four quadrants by whether their rows or
// columns are small:
//
//     class          positions        tiles that need it
//     0              both kept        all
//     1 row dropped  i dropped        big rows
//     2 column       j dropped        big columns
//     3 both         i and j dropped  big rows, big columns
//
// Memory order of classes: 2, 0, 1, 3. Memory order of quadrants: (small rows, big columns), (big, big),
// (big, small), (small, small).
//
// With these two orders every class needs a contiguous range of tiles and every quadrant a contiguous range
// of positions. The order of positions depends on m alone, so all tilings of one m share transformed weights.
#pragma once
#include <string>
#include <vector>

namespace hardnet {

struct TileAxis {
    int big = 0, small = 0;
    int tiles() const { return big + small; }
    bool operator==(const TileAxis &o) const { return big == o.big && small == o.small; }
};

struct Quadrant {
    bool small_rows = false, small_columns = false;
};

using Matrix = std::vector<std::vector<double>>;

class Tiling {
public:
    Tiling() = default;
    Tiling(int m, TileAxis rows, TileAxis columns);

    // The cover of `height` x `width` by tiles of m and m - 1 that needs the fewest products.
    static Tiling cover(int m, int height, int width);

    int m() const { return m_; }
    TileAxis rows() const { return rows_; }
    TileAxis columns() const { return columns_; }
    int tiles() const { return rows_.tiles() * columns_.tiles(); }
    int covered_rows() const { return rows_.big * m_ + rows_.small * (m_ - 1); }
    int covered_columns() const { return columns_.big * m_ + columns_.small * (m_ - 1); }
    int points() const { return m_ + 2; }
    int positions() const { return points() * points(); }
    int products() const;  // per pair of input and output channel

    std::vector<Quadrant> quadrants() const;  // those that have tiles, in memory order
    int tile_size(bool small) const { return small ? m_ - 1 : m_; }
    int quadrant_rows(Quadrant q) const { return q.small_rows ? rows_.small : rows_.big; }
    int quadrant_columns(Quadrant q) const { return q.small_columns ? columns_.small : columns_.big; }
    int first_tile(Quadrant q) const;
    int first_row(Quadrant q) const { return q.small_rows ? rows_.big * m_ : 0; }           // of the output
    int first_column(Quadrant q) const { return q.small_columns ? columns_.big * m_ : 0; }  // of the output
    int first_position(Quadrant q) const;
    int position_count(Quadrant q) const;

    // Ranges of positions that need the same tiles, in memory order: the classes above, neighbours with equal
    // needs joined.
    struct PositionClass {
        int first_position, positions;
        int first_tile, tiles;
    };
    std::vector<PositionClass> classes() const;

    // Memory index of position (i, j); points are ordered 0, infinity, +a, -a, +b, -b.
    int position(int i, int j) const;

    // Transforms of a tile of m or m - 1 outputs per axis. Rows of B^T: one per point used, over its inputs.
    // Rows of A^T: one per output, over the points used. Rows of G: one per point of F(m), over the kernel's
    // 3 taps.
    Matrix input_transform(bool small) const;
    Matrix output_transform(bool small) const;
    Matrix weight_transform() const;

    std::string name() const;  // "F(4x4)+F(3x3)"
    std::string key() const;   // for content addresses
    bool operator==(const Tiling &o) const {
        return m_ == o.m_ && rows_ == o.rows_ && columns_ == o.columns_;
    }

private:
    std::vector<double> finite_points(int count) const;  // by point index; index 1 (infinity) holds 0
    int kept() const { return points() - 1; }            // points that small tiles use, too
    int class_of(int i, int j) const { return (i >= kept() ? 1 : 0) + (j >= kept() ? 2 : 0); }
    int class_positions(int c) const;
    int class_first_position(int c) const;

    int m_ = 0;
    TileAxis rows_, columns_;
};

// How a product's work is numbered: item -> (position, block of `block` tiles), class by class in memory
// order. M holds item after item, `block` tiles each, so that tile t of position p lies at flat index row(p)
// + t.
struct ItemMap {
    ItemMap(const Tiling &tiling, int block);

    struct Range {
        int first_item, blocks;  // blocks of tiles per position
        Tiling::PositionClass positions;
    };
    std::vector<Range> ranges;
    int block = 0, items = 0;

    int flat_index(int position, int tile) const;
};

}  // namespace hardnet
