// From a detection network's raw outputs to boxes: SSD's against priors (Liu et al., 2016), CenterNet's from
// peaks (Zhou et al., 2019). Pure functions over arrays.
#pragma once
#include <cstddef>
#include <vector>

#include "cli/preprocess.h"
#include "graph/network.h"

namespace hardnet {

struct Box {
    float left = 0, top = 0, right = 0, bottom = 0;  // pixels, of what is said where
};

struct Detection {
    int label = 0;  // class index
    float score = 0;
    Box box;
};

// Of 0 where one is empty.
float overlap(const Box &a, const Box &b);  // intersection over union

// Greedy non-maximum suppression within each class: best first, without those that overlap a better one of
// their class by more than `most_overlap`; at most `most` of all classes together. Equal scores keep their
// order.
std::vector<Detection> without_overlaps(std::vector<Detection> detections, float most_overlap, size_t most);

// ---- SSD

struct SsdSource {  // a feature map that boxes are told on
    int height = 0, width = 0;
    int boxes = 0;  // per pixel: 2 and 2 for each aspect ratio of 2, 3...
};

std::vector<SsdSource> ssd_sources(const Network &network);

struct Prior {
    float x = 0, y = 0, width = 0, height = 0;  // of the centre, and extents; shares of the image's sides
};

// In the order of the outputs' rows: sources, then y, x, boxes. Of 7 sources SSD512's for COCO, whose pixels lie
// 8, 16, 32... image pixels apart. Fewer divide what lies between 15 % and 90 % of the image evenly (SSD's ratios),
// and their pixels lie as far apart as the network halves the image.
std::vector<Prior> ssd_priors(const std::vector<SsdSource> &sources, InputSize image);

// loc [priors][4] and conf [priors][classes], class 0 the background -> boxes in the input's pixels, best
// first: softmax, scores from `threshold`, overlaps above 0.45 suppressed, the best 200.
std::vector<Detection> decode_ssd(const std::vector<Prior> &priors, const float *loc, const float *conf,
                                  int classes, InputSize image, float threshold);

// ---- CenterNet

// hm [class][y][x] and wh [4][y][x] (width, height, offset in x and y), on a quarter of the input's
// resolution -> boxes in the input's pixels, best first: the best 100 of the sigmoids from `threshold` that
// nothing in the 3x3 pixels around surpasses.
std::vector<Detection> decode_centernet(const float *hm, const float *wh, int classes, int height, int width,
                                        float threshold);

// ----

// Boxes in the input's pixels as boxes in those of the picture that was resized to it, cut at its edges; what
// lies outside is left out.
std::vector<Detection> in_picture(const std::vector<Detection> &detections, const ResizePlan &plan, int width,
                                  int height);

}  // namespace hardnet
