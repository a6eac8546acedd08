// What follows a layer's sums.
#pragma once

namespace hardnet {

enum class Activation { kNone, kRelu, kRelu6 };

}  // namespace hardnet
