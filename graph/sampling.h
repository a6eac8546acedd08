// Where a resize reads its input.
#pragma once

namespace hardnet {

// The place of output x among the input's pixels: (x + 1/2) * in / out - 1/2, which keeps the image's edges;
// x * (in - 1) / (out - 1), which keeps the corner pixels; or x * in / out.
enum class Places { kHalfPixel, kAlignCorners, kAsymmetric };

// What a place between pixels gives: both neighbours by their distance, or the one below, above or nearest, of two at
// one distance the lower or the upper one.
enum class Neighbours { kLinear, kFloor, kCeil, kNearestLower, kNearestUpper };

struct Sampling {
    Places places = Places::kHalfPixel;
    Neighbours neighbours = Neighbours::kLinear;
    bool operator==(const Sampling &o) const { return places == o.places && neighbours == o.neighbours; }
};

}  // namespace hardnet
