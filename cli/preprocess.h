// From a picture to a network's input: resized, cropped, scaled, normalised.
//
// Resizing is bilinear with antialiasing (a triangle filter as wide as the reduction), as torchvision does it
// on float tensors, with nothing rounded in between. The crop is centred, halves rounded to even, as
// torchvision does.
#pragma once
#include <vector>

#include "cli/images.h"
#include "graph/network.h"

namespace hardnet {

// The picture as it is resized, and the part of it that the network sees.
struct ResizePlan {
    int64_t width = 0, height = 0;  // of the whole picture after resizing
    int64_t left = 0, top = 0;      // of the crop of `input` in it
};

// With a `resize_short` of 0 both sides become the input's, whatever the picture's shape, and nothing is cut
// away. Else, for a square input of the record's own size: the short side becomes `resize_short`, the long
// one int(resize_short * long / short). In general `resize_short` says which share of the picture the network
// sees: with r = max(1, resize_short / min(own.height, own.width)), the picture becomes the smallest one of
// its own shape that covers round(r * input.height) x round(r * input.width). So a network compiled for
// another size, or for one that is not square, still sees the same share of the side that limits it, and the
// crop always lies inside.
ResizePlan plan_resize(int width, int height, const Preprocessing &preprocessing, InputSize own,
                       InputSize input);

// [y][x][channel] of `input` in [0, 255]. Only the crop's pixels are computed, however long the picture.
std::vector<float> resized_crop(const Image &image, const ResizePlan &plan, InputSize input);

// [channel][y][x] of `input`, (value / 255 - mean) / deviation, written to `out`; channel 0 is red, or blue
// where the network wants blue, green, red. Mean and deviation are in that order.
void preprocess(const Image &image, const Preprocessing &preprocessing, InputSize own, InputSize input,
                float *out);

}  // namespace hardnet
