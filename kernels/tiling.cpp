#include "kernels/tiling.h"

#include <cmath>

namespace hardnet {
namespace {

constexpr int kClassOrder[4] = {2, 0, 1, 3};
constexpr int kInfinity = 1;  // index of the point at infinity

using Polynomial = std::vector<double>;  // coefficients, constant first

Polynomial times_root(const Polynomial &p, double root) {  // p(x) * (x - root)
    Polynomial r(p.size() + 1, 0.0);
    for (size_t i = 0; i < p.size(); i++) {
        r[i + 1] += p[i];
        r[i] -= root * p[i];
    }
    return r;
}

// Fewest products along one axis; of equals the one with the fewest small tiles.
TileAxis cover_axis(int m, int extent) {
    TileAxis best;
    int best_products = 0;
    for (int small = 0; small <= m; small++) {
        int rest = extent - small * (m - 1);
        TileAxis axis{rest > 0 ? (rest + m - 1) / m : 0, small};
        int products = axis.big * (m + 2) + axis.small * (m + 1);
        if (small == 0 || products < best_products) best = axis, best_products = products;
    }
    return best;
}

}  // namespace

Tiling::Tiling(int m, TileAxis rows, TileAxis columns) : m_(m), rows_(rows), columns_(columns) {}

Tiling Tiling::cover(int m, int height, int width) {
    return Tiling(m, cover_axis(m, height), cover_axis(m, width));
}

int Tiling::products() const {
    int sum = 0;
    for (const PositionClass &c : classes()) sum += c.positions * c.tiles;
    return sum;
}

std::vector<Quadrant> Tiling::quadrants() const {
    std::vector<Quadrant> result;
    for (Quadrant q :
         {Quadrant{true, false}, Quadrant{false, false}, Quadrant{false, true}, Quadrant{true, true}}) {
        if (quadrant_rows(q) * quadrant_columns(q) > 0) result.push_back(q);
    }
    return result;
}

int Tiling::first_tile(Quadrant q) const {
    int first = 0;
    for (Quadrant before : {Quadrant{true, false}, Quadrant{false, false}, Quadrant{false, true}}) {
        if (before.small_rows == q.small_rows && before.small_columns == q.small_columns) return first;
        first += quadrant_rows(before) * quadrant_columns(before);
    }
    return first;
}

int Tiling::class_positions(int c) const {
    return (c & 1 ? points() - kept() : kept()) * (c & 2 ? points() - kept() : kept());
}

int Tiling::class_first_position(int c) const {
    int first = 0;
    for (int before : kClassOrder) {
        if (before == c) break;
        first += class_positions(before);
    }
    return first;
}

int Tiling::first_position(Quadrant q) const { return q.small_columns ? class_first_position(0) : 0; }

int Tiling::position_count(Quadrant q) const {
    int count = 0;
    for (int c = 0; c < 4; c++) {
        if (!(q.small_rows && (c & 1)) && !(q.small_columns && (c & 2))) count += class_positions(c);
    }
    return count;
}

std::vector<Tiling::PositionClass> Tiling::classes() const {
    const int small_big = rows_.small * columns_.big, big_big = rows_.big * columns_.big;
    const int first[4] = {0, small_big, 0, small_big};
    const int count[4] = {tiles(), rows_.big * columns_.tiles(), small_big + big_big, big_big};
    std::vector<PositionClass> result;
    for (int c : kClassOrder) {
        bool joins =
            !result.empty() && result.back().first_tile == first[c] && result.back().tiles == count[c];
        if (joins)
            result.back().positions += class_positions(c);
        else if (count[c])
            result.push_back({class_first_position(c), class_positions(c), first[c], count[c]});
    }
    return result;
}

int Tiling::position(int i, int j) const {
    const int c = class_of(i, j);
    const int row = c & 1 ? i - kept() : i, column = c & 2 ? j - kept() : j;
    return class_first_position(c) + row * (c & 2 ? points() - kept() : kept()) + column;
}

// +-2/3 and +-3/2 halve F(4x4)'s error against the customary +-1, +-2; F(2x2) and F(1x1) are best with +-1.
std::vector<double> Tiling::finite_points(int count) const {
    std::vector<double> all =
        m_ <= 2 ? std::vector<double>{0, 0, 1, -1} : std::vector<double>{0, 0, 2.0 / 3, -2.0 / 3, 1.5, -1.5};
    all.resize(count);
    return all;
}

Matrix Tiling::input_transform(bool small) const {
    const int n = tile_size(small) + 2;
    const std::vector<double> p = finite_points(points());
    Matrix rows(n, std::vector<double>(n, 0.0));
    for (int j = 0; j < n; j++) {
        Polynomial product{1.0};
        double scale = 1;
        for (int q = 0; q < n; q++) {
            if (q != kInfinity && q != j) product = times_root(product, p[q]);
        }
        // The weights carry 1 / (p_j - p_q) for every point of F(m); a small tile takes the dropped one back.
        for (int q = n; q < points() && j != kInfinity; q++) scale *= p[j] - p[q];
        for (size_t k = 0; k < product.size(); k++) rows[j][k] = product[k] * scale;
    }
    return rows;
}

Matrix Tiling::output_transform(bool small) const {
    const int outputs = tile_size(small), n = outputs + 2;
    const std::vector<double> p = finite_points(n);
    Matrix rows(outputs, std::vector<double>(n, 0.0));
    for (int i = 0; i < outputs; i++) {
        for (int j = 0; j < n; j++) rows[i][j] = j == kInfinity ? (i == outputs - 1) : std::pow(p[j], i);
    }
    return rows;
}

Matrix Tiling::weight_transform() const {
    const std::vector<double> p = finite_points(points());
    Matrix rows(points(), std::vector<double>(3, 0.0));
    for (int j = 0; j < points(); j++) {
        double divisor = 1;
        for (int q = 0; q < points(); q++) {
            if (q != j && q != kInfinity) divisor *= p[j] - p[q];
        }
        for (int k = 0; k < 3; k++) rows[j][k] = j == kInfinity ? (k == 2) : std::pow(p[j], k) / divisor;
    }
    return rows;
}

std::string Tiling::name() const {
    auto tile = [](int m) { return "F(" + std::to_string(m) + "x" + std::to_string(m) + ")"; };
    bool big = rows_.big || columns_.big, small = rows_.small || columns_.small;
    return (big ? tile(m_) : "") + (big && small ? "+" : "") + (small ? tile(m_ - 1) : "");
}

std::string Tiling::key() const {
    std::string key = "m" + std::to_string(m_);
    for (int v : {rows_.big, rows_.small, columns_.big, columns_.small}) key += "," + std::to_string(v);
    return key;
}

ItemMap::ItemMap(const Tiling &tiling, int block_) : block(block_) {
    for (const Tiling::PositionClass &c : tiling.classes()) {
        int blocks = (c.tiles + block - 1) / block;
        ranges.push_back({items, blocks, c});
        items += blocks * c.positions;
    }
}

int ItemMap::flat_index(int position, int tile) const {
    for (const Range &r : ranges) {
        int local = position - r.positions.first_position;
        if (local < 0 || local >= r.positions.positions) continue;
        return (r.first_item + local * r.blocks) * block + tile - r.positions.first_tile;
    }
    return -1;
}

}  // namespace hardnet
