#include "schedules/problem.h"

#include <algorithm>

namespace hardnet {

bool Problem::operator==(const Problem &o) const {
    return op == o.op && tiling == o.tiling && window == o.window && width == o.width && height == o.height &&
           out == o.out && in == o.in && residual == o.residual && layers == o.layers &&
           products == o.products;
}

Problem product_problem(const Tiling &tiling, int out, int in) {
    Problem problem;
    problem.tiling = tiling;
    problem.out = out;
    problem.in = in;
    return problem;
}

Problem convolution_problem(const Window &window, int width, int height, int out, int in, bool residual) {
    Problem problem;
    problem.op = Problem::Op::kConvolution;
    problem.window = window;
    problem.width = width;
    problem.height = height;
    problem.out = out;
    problem.in = in;
    problem.residual = residual;
    for (WindowAxis *axis : {&problem.window.y, &problem.window.x}) axis->before = axis->after = 0;
    return problem;
}

Problem resolution_problem(int width, int height, std::vector<std::pair<int, int>> layers) {
    Problem problem;
    problem.op = Problem::Op::kResolution;
    problem.width = width;
    problem.height = height;
    problem.layers = std::move(layers);
    return problem;
}

std::string describe(const Problem &p) {
    auto pair = [](int rows, int columns) { return std::to_string(rows) + "x" + std::to_string(columns); };
    const Window &w = p.window;
    const std::string type = p.products == Precision::kFloat32 ? "" : std::string(", ") + name_of(p.products);
    std::string text;
    if (p.op == Problem::Op::kResolution)
        return "3x3 of " + pair(p.height, p.width) + ", " + std::to_string(p.layers.size()) +
               (p.layers.size() == 1 ? " layer" : " layers") + type;
    if (p.op == Problem::Op::kProduct) {
        text = "winograd " + p.tiling.name() + " of " +
               pair(p.tiling.covered_rows(), p.tiling.covered_columns());
    } else {
        text = pair(w.y.kernel, w.x.kernel);
        if (w.y.stride > 1 || w.x.stride > 1) text += "/" + std::to_string(std::max(w.y.stride, w.x.stride));
        if (w.y.dilation > 1 || w.x.dilation > 1) text += " dilated";
        text += " of " + pair(p.height, p.width);
    }
    return text + ", " + std::to_string(p.in) + " to " + std::to_string(p.out) +
           (p.residual ? ", adding" : "") + type;
}

}  // namespace hardnet
