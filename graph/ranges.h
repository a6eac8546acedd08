// Between which numbers tensors' values lie: what rounding to integers must know.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace hardnet {

struct Interval {
    float least = 0, most = 0;  // zero lies between: halos and padding are zeros
    float magnitude() const { return std::max(most, -least); }
    bool operator==(const Interval &o) const { return least == o.least && most == o.most; }
};

struct TensorRange {
    Interval interval;
    // Where pictures have shown it: by m of F(m x m) the greatest magnitude of V of the tensor at each of the (m + 2)^2
    // positions.
    std::map<int, std::vector<float>> transformed{};
    // Of a layer with a norm in front, where pictures have shown it: what that makes of its sources. One or none.
    std::vector<TensorRange> behind_norm{};
    bool operator==(const TensorRange &o) const {
        return interval == o.interval && transformed == o.transformed && behind_norm == o.behind_norm;
    }
};

using Ranges = std::vector<std::optional<TensorRange>>;  // per layer; none where nothing bounds it

}  // namespace hardnet
