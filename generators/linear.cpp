#include "generators/linear.h"

#include <cmath>

namespace hardnet {
namespace {

using Halide::Expr;

bool same(double a, double b) { return std::fabs(a - b) <= 1e-12 * (std::fabs(a) + std::fabs(b)); }

Expr add_scaled(Expr sum, double scale, Expr value) {  // sum + scale * value without trivial factors
    if (scale == 0 || !value.defined()) return sum;
    const bool negative = scale < 0, unit = same(std::fabs(scale), 1);
    if (!sum.defined()) return unit ? (negative ? -value : value) : Expr(float(scale)) * value;
    if (unit) return negative ? sum - value : sum + value;
    return sum + Expr(float(scale)) * value;
}

// sum of coefficients[i] * values[i] / scale, where `scale` is the last coefficient: the last term needs no
// product.
struct Monic {
    double scale = 0;
    Expr value;
};
Monic monic(const std::vector<double> &coefficients, const std::vector<Expr> &values) {
    int last = int(coefficients.size()) - 1;
    while (last >= 0 && coefficients[last] == 0) last--;
    if (last < 0) return {};
    Monic m{coefficients[last], values[last]};
    for (int i = last - 1; i >= 0; i--) m.value = add_scaled(m.value, coefficients[i] / m.scale, values[i]);
    return m;
}

// Columns j and j + 1 that agree up to sign in every row become their sum and difference.
void fold_column_pairs(Matrix &rows, std::vector<Expr> &values) {
    for (size_t j = 0; j + 1 < values.size(); j++) {
        bool equal = false, opposite = false, pair = true;
        for (const auto &row : rows) {
            if (row[j] == 0 && row[j + 1] == 0) continue;
            if (same(row[j], row[j + 1]))
                equal = true;
            else if (same(row[j], -row[j + 1]))
                opposite = true;
            else
                pair = false;
        }
        if (!pair || !equal || !opposite) continue;
        Expr sum = values[j] + values[j + 1], difference = values[j] - values[j + 1];
        values[j] = sum;
        values[j + 1] = difference;
        for (auto &row : rows) {
            if (same(row[j], row[j + 1]))
                row[j + 1] = 0;
            else
                row[j + 1] = row[j], row[j] = 0;
        }
        j++;
    }
}

bool agree_up_to_sign(const std::vector<double> &a, const std::vector<double> &b) {
    for (size_t i = 0; i < a.size(); i++) {
        if (!same(std::fabs(a[i]), std::fabs(b[i]))) return false;
    }
    return true;
}

}  // namespace

std::vector<Expr> combine(const Matrix &matrix, const std::vector<Expr> &inputs) {
    Matrix rows = matrix;
    std::vector<Expr> values = inputs, result;
    fold_column_pairs(rows, values);
    for (size_t j = 0; j < rows.size(); j++) {
        if (j + 1 < rows.size() && agree_up_to_sign(rows[j], rows[j + 1])) {
            std::vector<double> even = rows[j], odd = rows[j];
            for (size_t i = 0; i < even.size(); i++)
                (same(rows[j][i], rows[j + 1][i]) ? odd[i] : even[i]) = 0;
            Monic e = monic(even, values), o = monic(odd, values);
            if (e.value.defined() && o.value.defined()) {
                Expr base = add_scaled(Expr(), e.scale, e.value);
                result.push_back(add_scaled(base, o.scale, o.value));
                result.push_back(add_scaled(base, -o.scale, o.value));
                j++;
                continue;
            }
        }
        Expr sum;
        for (int i = int(rows[j].size()) - 1; i >= 0; i--) sum = add_scaled(sum, rows[j][i], values[i]);
        result.push_back(sum.defined() ? sum : Expr(0.0f));
    }
    return result;
}

}  // namespace hardnet
