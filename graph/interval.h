// Between which numbers a tensor's values lie, whatever the input: what rounding to integers must know.
#pragma once
#include <algorithm>
#include <optional>
#include <vector>

namespace hardnet {

struct Interval {
    float least = 0, most = 0;  // zero lies between: halos and padding are zeros
    float magnitude() const { return std::max(most, -least); }
    bool operator==(const Interval &o) const { return least == o.least && most == o.most; }
};

using Ranges = std::vector<std::optional<Interval>>;  // per layer; none where nothing bounds it

}  // namespace hardnet
