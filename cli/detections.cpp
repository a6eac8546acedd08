#include "cli/detections.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "models/records.h"

namespace hardnet {
namespace {

constexpr float kSsdOverlap = 0.45f;
constexpr size_t kSsdMost = 200, kCenterNetMost = 100;
constexpr float kCenterVariance = 0.1f, kSizeVariance = 0.2f;

// SSD512 for COCO: a source's boxes reach from its size to the next source's, in shares of the image.
constexpr size_t kSources = kSsdSources;
constexpr double kSizes[kSources + 1] = {20.48 / 512,  51.2 / 512,   133.12 / 512, 215.04 / 512,
                                         296.96 / 512, 378.88 / 512, 460.8 / 512,  542.72 / 512};
constexpr double kLeastSize = 0.15, kMostSize = 0.9;  // of fewer sources

constexpr int kCenterNetStride = 4;

void best_first(std::vector<Detection> &detections) {
    std::stable_sort(detections.begin(), detections.end(),
                     [](const Detection &a, const Detection &b) { return a.score > b.score; });
}

float clipped(double share) { return float(std::clamp(share, 0.0, 1.0)); }

// Where the boxes of source `index` of `sources` begin to reach; those of the one before end there.
double size_of(size_t index, size_t sources) {
    if (sources >= kSources) return kSizes[index];
    return kLeastSize + (kMostSize - kLeastSize) * double(index) / double(sources);
}

// Image pixels per pixel of the first source; doubles with each. Some pools round up and some down, so that the image's
// extent is no exact multiple.
double first_step(const SsdSource &first, size_t sources, InputSize image) {
    if (sources >= kSources) return 8;
    return std::exp2(std::round(std::log2(double(image.height) / first.height)));
}

// The boxes of a source's pixel, without their place.
std::vector<Prior> shapes_of(const SsdSource &source, size_t index, size_t sources) {
    const double least = size_of(index, sources), between = std::sqrt(least * size_of(index + 1, sources));
    std::vector<Prior> shapes = {{0, 0, clipped(least), clipped(least)},
                                 {0, 0, clipped(between), clipped(between)}};
    for (int ratio = 2; int(shapes.size()) + 1 < source.boxes; ratio++) {
        const double longer = least * std::sqrt(double(ratio)), shorter = least / std::sqrt(double(ratio));
        shapes.push_back({0, 0, clipped(longer), clipped(shorter)});
        shapes.push_back({0, 0, clipped(shorter), clipped(longer)});
    }
    return shapes;
}

Box ssd_box(const Prior &prior, const float *loc, InputSize image) {
    const float x = prior.x + loc[0] * kCenterVariance * prior.width;
    const float y = prior.y + loc[1] * kCenterVariance * prior.height;
    const float half_width = prior.width * std::exp(loc[2] * kSizeVariance) / 2;
    const float half_height = prior.height * std::exp(loc[3] * kSizeVariance) / 2;
    const float w = float(image.width), h = float(image.height);
    return {(x - half_width) * w, (y - half_height) * h, (x + half_width) * w, (y + half_height) * h};
}

// A NaN is no peak, and none beside one.
bool is_peak(const float *map, int height, int width, int y, int x) {
    const float value = map[y * width + x];
    for (int j = std::max(0, y - 1); j <= std::min(height - 1, y + 1); j++)
        for (int i = std::max(0, x - 1); i <= std::min(width - 1, x + 1); i++)
            if (!(value >= map[j * width + i])) return false;
    return true;
}

}  // namespace

float overlap(const Box &a, const Box &b) {
    const auto area = [](float width, float height) {
        return std::max(0.0f, width) * std::max(0.0f, height);
    };
    const float both = area(std::min(a.right, b.right) - std::max(a.left, b.left),
                            std::min(a.bottom, b.bottom) - std::max(a.top, b.top));
    const float either =
        area(a.right - a.left, a.bottom - a.top) + area(b.right - b.left, b.bottom - b.top) - both;
    return both > 0 ? both / either : 0;
}

std::vector<Detection> without_overlaps(std::vector<Detection> detections, float most_overlap, size_t most) {
    best_first(detections);
    std::vector<Detection> kept;
    std::map<int, std::vector<Box>> boxes;  // of what is kept, by class
    for (const Detection &candidate : detections) {
        if (kept.size() == most) break;
        std::vector<Box> &better = boxes[candidate.label];
        const auto overlaps = [&](const Box &box) { return overlap(box, candidate.box) > most_overlap; };
        if (std::any_of(better.begin(), better.end(), overlaps)) continue;
        better.push_back(candidate.box);
        kept.push_back(candidate);
    }
    return kept;
}

std::vector<SsdSource> ssd_sources(const Network &network) {
    std::vector<SsdSource> sources;
    for (const int layer : network.outputs.front().layers) {
        const Shape &shape = network.layers[size_t(layer)].out;
        sources.push_back({shape.height, shape.width, shape.channels / 4});
    }
    return sources;
}

std::vector<Prior> ssd_priors(const std::vector<SsdSource> &sources, InputSize image) {
    std::vector<Prior> priors;
    const size_t count = std::min(sources.size(), kSources);
    for (size_t i = 0; i < count; i++) {
        const std::vector<Prior> shapes = shapes_of(sources[i], i, count);
        const double step = std::ldexp(first_step(sources[0], count, image), int(i));
        for (int y = 0; y < sources[i].height; y++)
            for (int x = 0; x < sources[i].width; x++)
                for (Prior prior : shapes) {
                    prior.x = clipped((x + 0.5) * step / image.width);
                    prior.y = clipped((y + 0.5) * step / image.height);
                    priors.push_back(prior);
                }
    }
    return priors;
}

std::vector<Detection> decode_ssd(const std::vector<Prior> &priors, const float *loc, const float *conf,
                                  int classes, InputSize image, float threshold) {
    std::vector<Detection> candidates;
    std::vector<float> exponentials(static_cast<size_t>(classes));
    for (size_t p = 0; p < priors.size(); p++) {
        const float *logits = conf + p * size_t(classes);
        const float largest = *std::max_element(logits, logits + classes);
        double sum = 0;
        for (int c = 0; c < classes; c++) sum += exponentials[size_t(c)] = std::exp(logits[c] - largest);
        for (int c = 1; c < classes; c++) {
            const float score = float(exponentials[size_t(c)] / sum);
            if (score >= threshold) candidates.push_back({c, score, ssd_box(priors[p], loc + 4 * p, image)});
        }
    }
    return without_overlaps(std::move(candidates), kSsdOverlap, kSsdMost);
}

std::vector<Detection> decode_centernet(const float *hm, const float *wh, int classes, int height, int width,
                                        float threshold) {
    const int area = height * width;
    std::vector<Detection> detections;
    for (int label = 0; label < classes; label++) {
        const float *map = hm + size_t(label) * size_t(area);
        for (int at = 0; at < area; at++) {
            const float score = 1 / (1 + std::exp(-map[at]));
            if (!(score >= threshold) || !is_peak(map, height, width, at / width, at % width)) continue;
            const float half_width = wh[at] / 2, half_height = wh[area + at] / 2;
            const float x = float(at % width) + wh[2 * area + at], y = float(at / width) + wh[3 * area + at];
            const float stride = kCenterNetStride;
            detections.push_back({label,
                                  score,
                                  {(x - half_width) * stride, (y - half_height) * stride,
                                   (x + half_width) * stride, (y + half_height) * stride}});
        }
    }
    best_first(detections);
    if (detections.size() > kCenterNetMost) detections.resize(kCenterNetMost);
    return detections;
}

std::vector<Detection> in_picture(const std::vector<Detection> &detections, const ResizePlan &plan, int width,
                                  int height) {
    const auto back = [](float at, int64_t first, int64_t resized, int pixels) {
        return std::clamp((at + float(first)) * float(pixels) / float(resized), 0.0f, float(pixels));
    };
    std::vector<Detection> found;
    for (Detection detection : detections) {
        Box &box = detection.box;
        box = {back(box.left, plan.left, plan.width, width), back(box.top, plan.top, plan.height, height),
               back(box.right, plan.left, plan.width, width),
               back(box.bottom, plan.top, plan.height, height)};
        if (box.right > box.left && box.bottom > box.top) found.push_back(detection);  // false of a NaN
    }
    return found;
}

}  // namespace hardnet
