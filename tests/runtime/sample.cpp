#include "sample.h"

#include <gtest/gtest.h>

#include <cstring>

namespace hardnet {
namespace {

constexpr float kScale = 1.5f, kBias = 0.25f;

// image(x, y, c) = bytes(c, x, y) / 4
int normalize(void **arguments) {
    const auto *in = buffer(arguments, 0), *out = buffer(arguments, 1);
    for (int y = out->dim[1].min; y < out->dim[1].min + out->dim[1].extent; y++) {
        for (int x = 0; x < kWidth; x++) at(out, x, y) = static_cast<float>(in->host[y * kWidth + x]) / 4;
    }
    return 0;
}

int first(void **arguments) {
    const auto *in = buffer(arguments, 0), *out = buffer(arguments, 1);
    for (int y = out->dim[1].min; y < out->dim[1].min + out->dim[1].extent; y++) {
        for (int x = 0; x < kWidth; x++) at(out, x, y) = at(in, x, y) * 3 + static_cast<float>(y);
    }
    return 0;
}

int neighbours(void **arguments) {
    const auto *in = buffer(arguments, 0), *out = buffer(arguments, 1);
    for (int y = out->dim[1].min; y < out->dim[1].min + out->dim[1].extent; y++) {
        for (int x = 0; x < kWidth; x++) at(out, x, y) = at(in, x, y - 1) + at(in, x, y + 1);
    }
    return 0;
}

int scale(void **arguments) {
    const auto *in = buffer(arguments, 0), *weights = buffer(arguments, 1), *out = buffer(arguments, 2);
    for (int y = out->dim[1].min; y < out->dim[1].min + out->dim[1].extent; y++) {
        for (int x = 0; x < kWidth; x++) at(out, x, y) = at(in, x, y) * at(weights, 0) + at(weights, 8);
    }
    return 0;
}

int twice(void **arguments) {
    const auto *in = buffer(arguments, 0), *out = buffer(arguments, 1);
    for (int x = 0; x < kWidth; x++) at(out, x) = 2 * at(in, x);
    return 0;
}

}  // namespace

Sample::Sample() {
    batch = kImages;
    input({kImages, 1, kHeight, kWidth}, {kImages, kHeight, kWidth, 1});
    output({kImages, 1, kHeight, kWidth});
    const hardnet_dim x{0, kWidth, 1}, y{0, kHeight, kWidth};

    const uint32_t bytes = read(HARDNET_INPUT_U8, 0, {{0, 1, 1}, x, y}, HARDNET_UINT8);
    step(HARDNET_STEP_NORMALIZE, "normalize",
         {{kHeight, 0, 1, {{normalize, {{bytes}, {write(HARDNET_INPUT, 0, {x, y}), HARDNET_CROP, 1, 1}}}}}});

    // A lies at element 16 of the arena, its zero rows at y = -1 and y = kHeight around it; B behind A.
    const int64_t a = 16 + kWidth, b = a + kPixels + kWidth;
    step(HARDNET_STEP_STEM, "first",
         {{kHeight,
           0,
           1,
           {{first,
             {{read(HARDNET_INPUT, 0, {x, y})}, {write(HARDNET_ARENA, a, {x, y}), HARDNET_CROP, 1, 1}}}}}});

    const uint32_t a_with_halo = read(HARDNET_ARENA, a - kWidth, {x, {-1, kHeight + 2, kWidth}});
    const uint32_t rows = write(HARDNET_SCRATCH, 0, {x, {0, 2, kWidth}});
    const uint32_t b_view = write(HARDNET_ARENA, b, {x, y}), packed = read(HARDNET_WEIGHTS, 0, {{0, 16, 1}});
    step(HARDNET_STEP_WINOGRAD_BAND, "middle",
         {{kHeight,
           2,
           2.5f,
           {{neighbours, {{a_with_halo}, {rows, HARDNET_SLIDE, 1, 1}}},
            {scale, {{rows, HARDNET_SLIDE, 1, 1}, {packed}, {b_view, HARDNET_CROP, 1, 1}}}}}});

    const uint32_t b_row = read(HARDNET_ARENA, b, {x}), out_row = write_output(0, 0, {x});
    step(HARDNET_STEP_CONV1X1, "last",
         {{kHeight,
           1,
           1,
           {{twice, {{b_row, HARDNET_SHIFT, 0, kWidth}, {out_row, HARDNET_SHIFT, 0, kWidth}}}}}});

    arena_elems = b + kPixels;
    scratch_elems = 2 * kWidth;
    weight_elems = 16;
    pack({HARDNET_PACK_VECTOR, weight("scale", {1}), -1, 0, 1, 8, 0, -1});
    pack({HARDNET_PACK_VECTOR, weight("bias", {1}), -1, 0, 1, 8, 8, -1});
    file_ = weights();
}

std::string Sample::weights() const {
    return safetensors({{"scale", "F32", {1}, {kScale}}, {"bias", "F32", {1}, {kBias}}});
}

hardnet_options Sample::options() const {
    hardnet_options options = default_options();
    options.weights_data = file_.data();
    options.weights_size = file_.size();
    return options;
}

std::vector<float> sample_expected(const std::vector<float> &images) {
    std::vector<float> out(images.size());
    for (int i = 0; i < kImages; i++) {
        const auto a = [&](int x, int y) {
            return y < 0 || y >= kHeight ? 0.0f
                                         : images[i * kPixels + y * kWidth + x] * 3 + static_cast<float>(y);
        };
        for (int y = 0; y < kHeight; y++) {
            for (int x = 0; x < kWidth; x++) {
                out[i * kPixels + y * kWidth + x] = 2 * ((a(x, y - 1) + a(x, y + 1)) * kScale + kBias);
            }
        }
    }
    return out;
}

std::vector<float> sample_run(const hardnet_network *network, const hardnet_options &options,
                              const std::vector<float> &images) {
    Opened opened(network, options);
    EXPECT_EQ(opened.status, HARDNET_OK) << opened.error();
    if (opened.status != HARDNET_OK) return {};
    std::memcpy(opened.input().data, images.data(), images.size() * sizeof(float));
    EXPECT_EQ(hardnet_run(opened.context), HARDNET_OK) << opened.error();
    const auto *out = static_cast<const float *>(opened.output().data);
    return std::vector<float>(out, out + images.size());
}

}  // namespace hardnet
