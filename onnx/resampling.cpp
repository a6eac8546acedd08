#include "onnx/resampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/resampling.h"

namespace hardnet {
namespace {

int shares_of(const std::vector<ResampledEntry> &axis) {
    size_t most = 1;
    for (const ResampledEntry &entry : axis) most = std::max(most, entry.shares.size());
    return int(most);
}

bool is_float(const ResampledEntry &entry) {
    constexpr double kMost = 1e30;
    const auto fits = [](double value) { return std::abs(value) <= kMost; };
    return fits(entry.beyond) && std::all_of(entry.shares.begin(), entry.shares.end(), fits);
}

// All entries have as many shares, of inputs within the image.
void append_table(const std::vector<ResampledEntry> &axis, int shares, int extent,
                  std::vector<float> &table) {
    for (const ResampledEntry &entry : axis) {
        const int64_t first = std::clamp<int64_t>(entry.first, 0, extent - shares);
        table.insert(table.end(), {float(first), float(entry.beyond)});
        const size_t begin = table.size();
        table.resize(begin + size_t(shares), 0.0f);
        for (size_t k = 0; k < entry.shares.size(); k++)
            table[begin + size_t(entry.first - first) + k] = float(entry.shares[k]);
    }
}

}  // namespace

ResampledEntry edged_entry(int64_t first, const std::vector<double> &shares, int extent) {
    const auto within = [&](int64_t at) { return std::clamp<int64_t>(at, 0, extent - 1); };
    ResampledEntry entry{within(first), 0, {}};
    entry.shares.resize(size_t(within(first + int64_t(shares.size()) - 1) - entry.first + 1));
    for (size_t k = 0; k < shares.size(); k++)
        entry.shares[size_t(within(first + int64_t(k)) - entry.first)] += shares[k];
    return entry;
}

bool add_resampled(OnnxImport &import, const OnnxNode &node, const std::vector<ResampledEntry> (&axes)[2]) {
    const Shape in = import.value(node, 0)->shape;
    const int shares[2] = {shares_of(axes[0]), shares_of(axes[1])};
    if (std::max(shares[0], shares[1]) > kMostShares)
        return import.fail(fmt::format("expected at most {} rows and columns that make one, found {}",
                                       kMostShares, std::max(shares[0], shares[1])));
    for (const std::vector<ResampledEntry> &axis : axes)
        if (!std::all_of(axis.begin(), axis.end(), is_float))
            return import.fail("expected numbers that a float32 holds, found others");
    std::vector<float> table;
    append_table(axes[0], shares[0], in.height, table);
    append_table(axes[1], shares[1], in.width, table);
    if (!import.count_tables(table.size() * import.value(node, 0)->parts.size())) return false;
    return add_for_each(import, node, OpKind::kResample, [&](Layer &layer) {
        layer.module = layer.name;
        layer.window = {WindowAxis{shares[0]}, WindowAxis{shares[1]}};
        layer.out.height = int(axes[0].size());
        layer.out.width = int(axes[1].size());
        import.weights_of(layer).weight = {weight_shape(layer), table};
    });
}

}  // namespace hardnet
