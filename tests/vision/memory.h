// Memory for what the library fills, and pictures and lists in it.
#pragma once
#include <cstdint>
#include <vector>

#include "hardnet/vision.h"

namespace hardnet::testing {

constexpr hardnet_color kRed{255, 0, 0};
constexpr hardnet_size k512{512, 512};  // of SSD512

struct Pixels {
    int width = 0, height = 0;
    std::vector<uint8_t> rgb;
    Pixels(int w, int h, std::vector<uint8_t> values) : width(w), height(h), rgb(std::move(values)) {}
    Pixels(int w, int h, uint8_t value = 0) : Pixels(w, h, std::vector<uint8_t>(size_t(w) * h * 3, value)) {}
    hardnet_picture view() { return {rgb.data(), {width, height}, 3 * int64_t{width}}; }
    uint8_t *at(int x, int y) { return &rgb[(size_t(y) * width + x) * 3]; }
    std::vector<int> color(int x, int y) { return {at(x, y)[0], at(x, y)[1], at(x, y)[2]}; }
};

struct Labels {
    int width = 0, height = 0;
    std::vector<uint16_t> values;
    Labels(int w, int h, std::vector<uint16_t> given) : width(w), height(h), values(std::move(given)) {}
    Labels(int w, int h) : Labels(w, h, std::vector<uint16_t>(size_t(w) * h)) {}
    hardnet_label_map view() { return {values.data(), {width, height}}; }
};

struct Scratch {
    std::vector<double> memory;  // aligned as malloc's
    size_t bytes = 0;
    Scratch(hardnet_size picture, const hardnet_resize_plan &plan, hardnet_size input) {
        if (hardnet_resize_scratch(picture, &plan, input, &bytes) != HARDNET_VISION_OK) return;
        memory.resize(bytes / sizeof(double) + 1);
    }
    void *data() { return memory.data(); }
};

// As a list that is full.
inline hardnet_detections list_of(std::vector<hardnet_detection> &items) {
    return {items.data(), int64_t(items.size()), int64_t(items.size())};
}

// Of a network that was trained on crops of 224x224, with ImageNet's mean and deviation.
inline hardnet_preprocessing of_224() {
    return {256, {224, 224}, 0, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
}

}  // namespace hardnet::testing
