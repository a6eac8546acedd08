#include "generators/winograd.h"

#include "generators/epilogue.h"
#include "generators/linear.h"
#include "generators/weights.h"

namespace hardnet {

using Halide::Expr;
using Halide::Tuple;

namespace {

// F(1) has one output: Halide's mux and Tuple want two values at least.
Expr choose(const Expr &index, const std::vector<Expr> &values) {
    return values.size() == 1 ? values[0] : Halide::mux(index, values);
}
void define(Halide::FuncRef at, const std::vector<Expr> &values) {
    if (values.size() == 1)
        at = values[0];
    else
        at = Tuple(values);
}
Expr element(const Halide::FuncRef &at, size_t i) { return at.size() == 1 ? Expr(at) : at[int(i)]; }

// An element of V.
Expr rounded(const Expr &value, const VRounding &rounding, int position) {
    const Expr scaled = value * (1 / rounding.units[size_t(position)]) + float(rounding.shift());
    const auto least = float(rounding.shift() - rounding.most),
               most = float(rounding.shift() + rounding.most);
    return Halide::cast(element_type(rounding.type), Halide::round(Halide::clamp(scaled, least, most)));
}

}  // namespace

// ---- input transform

InputTransform::InputTransform(const InputTransformSpec &s)
    : spec(s),
      Y(element_type(s.storage), 3, "Y"),
      scale(Halide::Float(32), 1, "scale"),
      shift(Halide::Float(32), 1, "shift") {
    const Tiling &t = spec.tiling;
    const Quadrant q = spec.quadrant;
    const Matrix row_transform = t.input_transform(q.small_rows),
                 column_transform = t.input_transform(q.small_columns);
    const int mx = t.tile_size(q.small_columns), my = t.tile_size(q.small_rows);

    std::vector<Expr> column;
    for (size_t i = 0; i < row_transform.size(); i++) {
        const Expr x = t.first_column(q) + mx * tx + k - 1, y = t.first_row(q) + my * ty + int(i) - 1;
        Expr value = loaded(Y(c, x, y), spec.storage);
        if (spec.norm_width) {
            const Expr inside = x >= 0 && x < spec.norm_width && y >= 0 && y < spec.norm_height;
            value = Halide::select(inside, Halide::max(value * scale(c) + shift(c), 0.0f), 0.0f);
        }
        column.push_back(value);
    }
    define(rows(c, k, tx, ty), combine(row_transform, column));

    std::vector<Expr> by_position(t.position_count(q));
    for (size_t i = 0; i < row_transform.size(); i++) {
        std::vector<Expr> row;
        for (size_t j = 0; j < column_transform.size(); j++)
            row.push_back(element(rows(c, int(j), tx, ty), i));
        row = combine(column_transform, row);
        for (size_t j = 0; j < row.size(); j++) {
            const int position = t.position(int(i), int(j));
            by_position[position - t.first_position(q)] =
                spec.rounding ? rounded(row[j], spec.rounding, position) : row[j];
        }
    }
    V(c, tx, ty, p) = choose(p, by_position);

    const int columns = t.quadrant_columns(q);
    V.bound(tx, 0, columns).bound(p, 0, t.position_count(q));
    Y.dim(1).set_stride(spec.pixel_stride);
    Y.dim(2).set_stride(spec.row_stride);
    auto out = V.output_buffer();
    out.dim(1).set_bounds(0, columns).set_stride(spec.tile_stride);
    out.dim(2).set_stride(spec.tile_stride * columns);
    out.dim(3).set_bounds(0, t.position_count(q)).set_stride(spec.position_stride);
}

std::vector<Halide::ImageParam> InputTransform::inputs() {
    if (!spec.norm_width) return {Y};
    return {Y, scale, shift};
}

// ---- product

Product::Product(const ProductSpec &s)
    : spec(s),
      U(weight_type(s.products), weight_rank(s.products), "U"),
      scale(Halide::Float(32), 3, "scale"),
      offset(Halide::Int(32), 3, "offset") {
    // Which position and which tiles an item stands for; evaluated once per item, outside the sums.
    const ItemMap map(spec.tiling, spec.tiles);
    for (auto range = map.ranges.rbegin(); range != map.ranges.rend(); ++range) {
        const Expr local = q - range->first_item;
        const Expr end = Expr(range->first_item + range->blocks * range->positions.positions);
        auto within = [&](Expr &value, const Expr &here) {
            value = value.defined() ? Halide::select(q < end, here, value) : here;
        };
        within(position, range->positions.first_position + local / range->blocks);
        within(pass, local % range->blocks);
        within(first_tile, range->positions.first_tile + local % range->blocks * spec.tiles);
    }

    const bool integers = spec.products != Precision::kFloat32;
    const int in_step = channels_in_step(spec.products);
    for (size_t i = 0; i < spec.sources.size(); i++) {
        const ProductSource &source = spec.sources[i];
        V.emplace_back(U.type().with_code(spec.shifted ? Halide::Type::UInt : U.type().code()), 3,
                       "V" + std::to_string(i));
        tiles.emplace_back("tiles" + std::to_string(i));
        tiles[i](rc, ti, q) = V[i](rc, first_tile + ti, position);
        V[i].dim(0).set_bounds(0, in_step * spec.steps(source));
        V[i].dim(1).set_min(0).set_stride(source.tile_stride);
        V[i].dim(2).set_min(0).set_stride(source.position_stride);
    }
    // The weights' steps follow the order of the sources.
    for (const std::vector<SumPiece> &sum : spec.partial_sums()) {
        Halide::Func &total = acc.emplace_back("acc" + std::to_string(acc.size()));
        total(ci, cb, ti, q) = !integers      ? Expr(0.0f)
                               : spec.shifted ? Expr(offset(ci, position, cb))
                                              : Expr(0);
        for (const SumPiece &piece : sum) {
            const std::string name = "r" + std::to_string(r.size());
            const Halide::Func &in = tiles[size_t(piece.source)];
            if (integers) {
                const Halide::RDom &k = r.emplace_back(Halide::Region{{0, in_step}, {0, piece.steps}}, name);
                total(ci, cb, ti, q) += Halide::cast<int>(in(in_step * (piece.first + k.y) + k.x, ti, q)) *
                                        Halide::cast<int>(U(k.x, ci, piece.weights + k.y, position, cb));
            } else {
                const Halide::RDom &k = r.emplace_back(0, piece.steps, name);
                total(ci, cb, ti, q) += in(piece.first + k, ti, q) * U(ci, piece.weights + k, position, cb);
            }
            sums.push_back(total.update(total.num_update_definitions() - 1));
            pieces.push_back(piece);
        }
        const Expr lane = c % spec.block, block = c / spec.block, value = total(lane, block, ti, q);
        const Expr scaled = integers ? Halide::cast<float>(value) * scale(lane, position, block) : value;
        if (acc.size() == 1)
            M(c, ti, q) = scaled;
        else
            M(c, ti, q) += scaled;
    }

    set_weight_layout(
        {&U, &scale, &offset},
        weight_parameters(spec.block, spec.steps(), spec.tiling.positions(), spec.products, spec.shifted));
    M.bound(c, 0, spec.out).bound(ti, 0, spec.tiles);
    auto out = M.output_buffer();
    out.dim(0).set_bounds(0, spec.out);
    out.dim(1).set_bounds(0, spec.tiles).set_stride(spec.out);
    out.dim(2).set_stride(spec.out * spec.tiles);
}

std::vector<Halide::ImageParam> Product::inputs() {
    std::vector<Halide::ImageParam> inputs(V.begin(), V.end());
    inputs.push_back(U);
    if (spec.products != Precision::kFloat32) inputs.push_back(scale);
    if (spec.shifted) inputs.push_back(offset);
    return inputs;
}

// ---- output transform

OutputTransform::OutputTransform(const OutputTransformSpec &s)
    : spec(s),
      M(Halide::Float(32), 2, "M"),
      bias(Halide::Float(32), 1, "bias"),
      R(element_type(s.residual.storage), 5, "R") {
    const Tiling &t = spec.tiling;
    const Quadrant q = spec.quadrant;
    const ItemMap map(t, spec.tiles);
    const Matrix row_transform = t.output_transform(q.small_rows),
                 column_transform = t.output_transform(q.small_columns);
    const int mx = t.tile_size(q.small_columns), my = t.tile_size(q.small_rows),
              per_row = t.quadrant_columns(q);
    const int row_points = my + 2, column_points = mx + 2;

    std::vector<std::vector<Expr>> by_row(my);  // [output row][column point]
    for (int j = 0; j < column_points; j++) {
        std::vector<Expr> column;
        for (int i = 0; i < row_points; i++) {
            column.push_back(M(c, map.flat_index(t.position(i, j), t.first_tile(q)) + ty * per_row + tx));
        }
        column = combine(row_transform, column);
        for (int i = 0; i < my; i++) by_row[i].push_back(column[i]);
    }
    std::vector<Expr> tuple;
    for (int i = 0; i < my; i++) tuple.push_back(Halide::mux(k, by_row[i]));
    define(columns(c, k, tx, ty), tuple);

    std::vector<Expr> outputs;
    for (int i = 0; i < my; i++) {
        std::vector<Expr> row;
        for (int j = 0; j < column_points; j++) row.push_back(element(columns(c, j, tx, ty), i));
        for (const Expr &e : combine(column_transform, row)) outputs.push_back(e);
    }
    Expr value = choose(yi * mx + xi, outputs) + bias(c);
    if (spec.residual) {
        value += loaded(R(c, xi, tx, yi, ty), spec.residual.storage);
        R.dim(1).set_stride(spec.residual.pixel_stride);
        R.dim(2).set_stride(spec.residual.pixel_stride * mx);
        R.dim(3).set_stride(spec.residual.row_stride);
        R.dim(4).set_stride(spec.residual.row_stride * my);
    }
    value = activate(value, spec.activation);
    const bool beyond_rows = spec.valid_rows < t.quadrant_rows(q) * my,
               beyond_columns = spec.valid_columns < per_row * mx;
    if (beyond_rows || beyond_columns) {
        value =
            Halide::select(tx * mx + xi < spec.valid_columns && ty * my + yi < spec.valid_rows, value, 0.0f);
    }
    Y(c, xi, tx, yi, ty) = stored(value, spec.storage);

    Y.bound(xi, 0, mx).bound(yi, 0, my).bound(tx, 0, per_row);
    M.dim(1).set_min(0).set_stride(spec.m_stride);
    auto out = Y.output_buffer();
    out.dim(1).set_bounds(0, mx).set_stride(spec.pixel_stride);
    out.dim(2).set_bounds(0, per_row).set_stride(spec.pixel_stride * mx);
    out.dim(3).set_bounds(0, my).set_stride(spec.row_stride);
    out.dim(4).set_stride(spec.row_stride * my);
}

std::vector<Halide::ImageParam> OutputTransform::inputs() {
    if (!spec.residual) return {M, bias};
    return {M, bias, R};
}

}  // namespace hardnet
