// Wrong arguments: each a status, and none of them read through, written through or divided by.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/vision/memory.h"

namespace hardnet::testing {
namespace {

constexpr hardnet_vision_status kInvalid = HARDNET_VISION_INVALID_ARGUMENT,
                                kTooLarge = HARDNET_VISION_TOO_LARGE, kNoRoom = HARDNET_VISION_NO_ROOM,
                                kOk = HARDNET_VISION_OK;

TEST(Statuses, have_texts_of_their_own) {
    EXPECT_STREQ(hardnet_vision_status_text(kOk), "ok");
    EXPECT_STREQ(hardnet_vision_status_text(kInvalid), "invalid argument");
    EXPECT_STREQ(hardnet_vision_status_text(kTooLarge), "too large");
    EXPECT_STREQ(hardnet_vision_status_text(kNoRoom), "no room");
    EXPECT_STREQ(hardnet_vision_status_text(hardnet_vision_status(77)), "unknown status");
}

TEST(Arguments, of_plans) {
    const hardnet_preprocessing how = of_224();
    hardnet_resize_plan plan = {1, 2, 3, 4};
    const auto planned = [&](hardnet_size picture, hardnet_preprocessing given, hardnet_size input) {
        return hardnet_plan_resize(picture, &given, input, &plan);
    };
    EXPECT_EQ(hardnet_plan_resize({1, 1}, nullptr, {1, 1}, &plan), kInvalid);
    EXPECT_EQ(hardnet_plan_resize({1, 1}, &how, {1, 1}, nullptr), kInvalid);
    for (const hardnet_size none : {hardnet_size{0, 1}, {1, 0}, {-1, 1}, {1, INT32_MIN}}) {
        EXPECT_EQ(planned(none, how, {1, 1}), kInvalid);
        EXPECT_EQ(planned({1, 1}, how, none), kInvalid);
        hardnet_preprocessing of_none = how;
        of_none.own = none;
        EXPECT_EQ(planned({1, 1}, of_none, {1, 1}), kInvalid);
    }
    hardnet_preprocessing odd = how;
    odd.resize_short = -1;
    EXPECT_EQ(planned({1, 1}, odd, {1, 1}), kInvalid);
    odd.resize_short = INT32_MAX;
    odd.own = {1, 1};
    EXPECT_EQ(planned({1, 1}, odd, {2, 2}), kTooLarge);
    EXPECT_EQ(planned({1, INT32_MAX}, odd, {1, 1}), kTooLarge);
    EXPECT_EQ(plan.width, 1) << "a failure leaves the plan as it was";
    EXPECT_EQ(planned({INT32_MAX, INT32_MAX}, how, {224, 224}), kOk);
}

TEST(Arguments, of_resizing) {
    Pixels pixels(4, 4), out8(2, 2);
    const hardnet_picture picture = pixels.view(), to = out8.view();
    const hardnet_preprocessing how = {0, {2, 2}, 0, {0, 0, 0}, {1, 1, 1}};
    const hardnet_resize_plan plan = {2, 2, 0, 0};
    const hardnet_size input = {2, 2};
    Scratch scratch(picture.size, plan, input);
    float out[12];
    const auto resize = [&](const hardnet_picture *from, const hardnet_resize_plan *by, hardnet_size size,
                            float *values, void *memory,
                            size_t bytes) { return hardnet_resize(from, by, size, values, memory, bytes); };
    const size_t bytes = scratch.bytes;
    EXPECT_EQ(resize(&picture, &plan, input, out, scratch.data(), bytes), kOk);
    EXPECT_EQ(resize(nullptr, &plan, input, out, scratch.data(), bytes), kInvalid);
    EXPECT_EQ(resize(&picture, nullptr, input, out, scratch.data(), bytes), kInvalid);
    EXPECT_EQ(resize(&picture, &plan, {0, 2}, out, scratch.data(), bytes), kInvalid);
    EXPECT_EQ(resize(&picture, &plan, input, nullptr, scratch.data(), bytes), kInvalid);
    EXPECT_EQ(resize(&picture, &plan, input, out, nullptr, bytes), kInvalid);
    EXPECT_EQ(resize(&picture, &plan, input, out, static_cast<char *>(scratch.data()) + 1, bytes), kInvalid);
    EXPECT_EQ(resize(&picture, &plan, input, out, scratch.data(), bytes - 1), kNoRoom);
    EXPECT_EQ(resize(&picture, &plan, input, out, scratch.data(), 0), kNoRoom);
    for (const hardnet_resize_plan &bad : {hardnet_resize_plan{1, 2, 0, 0},
                                           {2, 1, 0, 0},
                                           {2, 2, 1, 0},
                                           {2, 2, 0, 1},
                                           {2, 2, -1, 0},
                                           {2, 2, 0, -1},
                                           {0, 2, 0, 0},
                                           {2, 2, INT64_MAX, 0},
                                           {INT64_MIN, 2, 0, 0}}) {
        EXPECT_EQ(resize(&picture, &bad, input, out, scratch.data(), bytes), kInvalid);
        size_t needed = 0;
        EXPECT_EQ(hardnet_resize_scratch(picture.size, &bad, input, &needed), kInvalid);
    }
    const hardnet_resize_plan huge = {INT64_MAX, 2, 0, 0};
    EXPECT_EQ(resize(&picture, &huge, input, out, scratch.data(), bytes), kTooLarge);
    size_t needed = 0;
    EXPECT_EQ(hardnet_resize_scratch({0, 1}, &plan, input, &needed), kInvalid);
    EXPECT_EQ(hardnet_resize_scratch(picture.size, &plan, input, nullptr), kInvalid);
    EXPECT_EQ(hardnet_resize_scratch({INT32_MAX, INT32_MAX}, &plan, input, &needed), kOk);
    hardnet_picture no_pixels = picture, overlapping = picture;
    no_pixels.rgb = nullptr;
    overlapping.row_bytes = 11;
    for (const hardnet_picture *bad : {&no_pixels, &overlapping}) {
        EXPECT_EQ(resize(bad, &plan, input, out, scratch.data(), bytes), kInvalid);
        EXPECT_EQ(hardnet_resize_8bit(&picture, &plan, bad, scratch.data(), bytes), kInvalid);
    }
    EXPECT_EQ(hardnet_resize_8bit(&picture, &plan, &to, scratch.data(), bytes), kOk);
    EXPECT_EQ(hardnet_preprocess(&picture, nullptr, &plan, input, out, scratch.data(), bytes), kInvalid);
    for (const float deviation : {0.0f, -1.0f, NAN}) {
        hardnet_preprocessing bad = how;
        bad.deviation[1] = deviation;
        EXPECT_EQ(hardnet_preprocess(&picture, &bad, &plan, input, out, scratch.data(), bytes), kInvalid);
    }
}

TEST(Arguments, of_samples) {
    Pixels pixels(4, 4);
    const hardnet_picture picture = pixels.view();
    std::vector<uint8_t> values(16 * 4), bytes(4 * 4);
    const hardnet_size size = {4, 4}, input = {2, 2};
    const hardnet_samples four = {values.data(), size, 16, 4}, grey = {values.data(), size, 4, 1};
    const hardnet_resize_plan plan = {2, 2, 0, 0};
    Scratch scratch(size, plan, input);
    float out[16], mean[4] = {}, deviation[4] = {1, 1, 1, 1};
    const auto preprocess = [&](const hardnet_samples *from, const float *means, const float *deviations) {
        return hardnet_preprocess_samples(from, means, deviations, &plan, input, out, scratch.data(),
                                          scratch.bytes);
    };
    EXPECT_EQ(preprocess(&four, mean, deviation), kOk);
    EXPECT_EQ(preprocess(nullptr, mean, deviation), kInvalid);
    EXPECT_EQ(preprocess(&four, nullptr, deviation), kInvalid);
    EXPECT_EQ(preprocess(&four, mean, nullptr), kInvalid);
    mean[3] = NAN;
    EXPECT_EQ(preprocess(&four, mean, deviation), kInvalid);
    EXPECT_EQ(preprocess(&grey, mean, deviation), kOk) << "of one channel";
    const hardnet_samples small = {bytes.data(), input, 8, 4}, other = {bytes.data(), input, 2, 1};
    EXPECT_EQ(hardnet_resize_samples_8bit(&four, &plan, &small, scratch.data(), scratch.bytes), kOk);
    EXPECT_EQ(hardnet_resize_samples_8bit(&four, &plan, &other, scratch.data(), scratch.bytes), kInvalid);
    EXPECT_EQ(hardnet_grey(&picture, &grey), kOk);
    EXPECT_EQ(hardnet_grey(&picture, &four), kInvalid);
    EXPECT_EQ(hardnet_grey(&picture, &other), kInvalid);
    EXPECT_EQ(hardnet_grey(nullptr, &grey), kInvalid);
    for (const hardnet_samples &bad : {hardnet_samples{nullptr, size, 16, 4},
                                       {values.data(), {0, 4}, 16, 4},
                                       {values.data(), size, 15, 4},
                                       {values.data(), size, 16, 0},
                                       {values.data(), size, 20, 5}})
        EXPECT_EQ(preprocess(&bad, mean, deviation), kInvalid);
}

TEST(Arguments, of_labels_and_masks) {
    const float logits[4] = {1, 2, 3, 4};
    hardnet_guess guess;
    int32_t count;
    EXPECT_EQ(hardnet_best_labels(nullptr, 4, &guess, 1, &count), kInvalid);
    EXPECT_EQ(hardnet_best_labels(logits, 0, &guess, 1, &count), kInvalid);
    EXPECT_EQ(hardnet_best_labels(logits, 4, nullptr, 1, &count), kInvalid);
    EXPECT_EQ(hardnet_best_labels(logits, 4, &guess, 0, &count), kInvalid);
    EXPECT_EQ(hardnet_best_labels(logits, 4, &guess, 1, nullptr), kInvalid);

    Labels labels(2, 1);
    const hardnet_label_map map = labels.view();
    const hardnet_label_map no_labels = {nullptr, {2, 1}}, no_pixels = {labels.values.data(), {2, 0}};
    for (const hardnet_label_map *bad :
         {static_cast<const hardnet_label_map *>(nullptr), &no_labels, &no_pixels}) {
        EXPECT_EQ(hardnet_best_classes(logits, 2, bad), kInvalid);
        EXPECT_EQ(hardnet_one_class(logits, 0.5f, bad), kInvalid);
        EXPECT_EQ(hardnet_class_numbers(logits, bad), kInvalid);
        const hardnet_resize_plan plan = {2, 1, 0, 0};
        EXPECT_EQ(hardnet_map_in_picture(bad, &plan, &map), kInvalid);
        EXPECT_EQ(hardnet_map_in_picture(&map, &plan, bad), kInvalid);
    }
    EXPECT_EQ(hardnet_best_classes(nullptr, 2, &map), kInvalid);
    EXPECT_EQ(hardnet_one_class(nullptr, 0.5f, &map), kInvalid);
    for (const float threshold : {-0.5f, 1.5f, NAN})
        EXPECT_EQ(hardnet_one_class(logits, threshold, &map), kInvalid);
    EXPECT_EQ(hardnet_best_classes(logits, 0, &map), kInvalid);
    EXPECT_EQ(hardnet_best_classes(logits, HARDNET_UNSEEN + 1, &map), kInvalid);
    EXPECT_EQ(hardnet_class_numbers(nullptr, &map), kInvalid);
    const hardnet_resize_plan narrow = {1, 1, 0, 0}, huge = {INT64_C(1) << 41, 1, 0, 0};
    EXPECT_EQ(hardnet_map_in_picture(&map, nullptr, &map), kInvalid);
    EXPECT_EQ(hardnet_map_in_picture(&map, &narrow, &map), kInvalid);
    EXPECT_EQ(hardnet_map_in_picture(&map, &huge, &map), kTooLarge);

    labels.values = {0, 2};
    hardnet_class_share shares[3];
    EXPECT_EQ(hardnet_class_shares(&map, 3, shares, &count), kOk);
    EXPECT_EQ(hardnet_class_shares(&map, 2, shares, &count), kInvalid) << "a label that is no class";
    EXPECT_EQ(hardnet_class_shares(&map, 0, shares, &count), kInvalid);
    EXPECT_EQ(hardnet_class_shares(&map, 3, nullptr, &count), kInvalid);
    EXPECT_EQ(hardnet_class_shares(&map, 3, shares, nullptr), kInvalid);
}

TEST(Arguments, of_priors) {
    int64_t count;
    hardnet_prior priors[4];
    const hardnet_ssd_source fine = {{1, 1}, 4};
    EXPECT_EQ(hardnet_ssd_priors(&fine, 1, {8, 8}, priors, 4), kOk);
    EXPECT_EQ(hardnet_ssd_priors(&fine, 1, {8, 8}, priors, 3), kNoRoom);
    EXPECT_EQ(hardnet_ssd_priors(&fine, 1, {8, 0}, priors, 4), kInvalid);
    EXPECT_EQ(hardnet_ssd_priors(&fine, 1, {8, 8}, nullptr, 4), kInvalid);
    EXPECT_EQ(hardnet_ssd_prior_count(nullptr, 1, &count), kInvalid);
    EXPECT_EQ(hardnet_ssd_prior_count(&fine, 0, &count), kInvalid);
    EXPECT_EQ(hardnet_ssd_prior_count(&fine, HARDNET_MOST_SSD_SOURCES + 1, &count), kInvalid);
    EXPECT_EQ(hardnet_ssd_prior_count(&fine, 1, nullptr), kInvalid);
    for (const hardnet_ssd_source &bad : {hardnet_ssd_source{{0, 1}, 4}, {{1, 1}, 0}, {{1, 1}, 5}})
        EXPECT_EQ(hardnet_ssd_prior_count(&bad, 1, &count), kInvalid);
    const hardnet_ssd_source huge = {{INT32_MAX, INT32_MAX}, INT32_MAX - 1};
    EXPECT_EQ(hardnet_ssd_prior_count(&huge, 1, &count), kTooLarge);
}

TEST(Arguments, of_detectors) {
    const hardnet_prior prior = {0.5f, 0.5f, 0.5f, 0.5f};
    const float loc[4] = {}, conf[2] = {}, wh[4] = {};
    float scratch[2];
    hardnet_detection item;
    hardnet_detections found = {&item, 1, 0}, unallocated = {nullptr, 1, 0}, negative = {&item, -1, 0};
    const hardnet_ssd ssd = {&prior, 1, 2, {8, 8}};
    EXPECT_EQ(hardnet_decode_ssd(&ssd, loc, conf, 0, scratch, &found), kOk);
    EXPECT_EQ(hardnet_decode_ssd(nullptr, loc, conf, 0, scratch, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_ssd(&ssd, nullptr, conf, 0, scratch, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_ssd(&ssd, loc, nullptr, 0, scratch, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_ssd(&ssd, loc, conf, NAN, scratch, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_ssd(&ssd, loc, conf, 0, nullptr, &found), kInvalid);
    for (const hardnet_ssd &bad : {hardnet_ssd{nullptr, 1, 2, {8, 8}},
                                   {&prior, 0, 2, {8, 8}},
                                   {&prior, 1, 1, {8, 8}},
                                   {&prior, 1, 2, {8, 0}}})
        EXPECT_EQ(hardnet_decode_ssd(&bad, loc, conf, 0, scratch, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_centernet(conf, wh, 1, {1, 1}, 0, &found), kOk);
    EXPECT_EQ(hardnet_decode_centernet(nullptr, wh, 1, {1, 1}, 0, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_centernet(conf, nullptr, 1, {1, 1}, 0, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_centernet(conf, wh, 0, {1, 1}, 0, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_centernet(conf, wh, 1, {0, 1}, 0, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_centernet(conf, wh, 1, {1, 1}, NAN, &found), kInvalid);
    EXPECT_EQ(hardnet_decode_centernet(conf, wh, INT32_MAX, {INT32_MAX, INT32_MAX}, 0, &found), kTooLarge);
    hardnet_detections none = {nullptr, 0, 0}, overfull = {&item, 1, 2};
    EXPECT_EQ(hardnet_decode_ssd(&ssd, loc, conf, 0, scratch, &none), kNoRoom);
    EXPECT_EQ(none.count, 1);
    none.count = 0;
    EXPECT_EQ(hardnet_decode_centernet(conf, wh, 1, {1, 1}, 0, &none), kOk);
    const hardnet_resize_plan plan = {8, 8, 0, 0}, empty = {0, 8, 0, 0};
    for (hardnet_detections *bad : {static_cast<hardnet_detections *>(nullptr), &unallocated, &negative}) {
        EXPECT_EQ(hardnet_decode_ssd(&ssd, loc, conf, 0, scratch, bad), kInvalid);
        EXPECT_EQ(hardnet_decode_centernet(conf, wh, 1, {1, 1}, 0, bad), kInvalid);
    }
    for (hardnet_detections *bad : {static_cast<hardnet_detections *>(nullptr), &unallocated, &overfull}) {
        EXPECT_EQ(hardnet_suppress_overlaps(bad, 0.5f, 1), kInvalid);
        EXPECT_EQ(hardnet_boxes_in_picture(bad, &plan, {8, 8}), kInvalid);
    }
    found.count = 0;
    EXPECT_EQ(hardnet_suppress_overlaps(&found, NAN, 1), kInvalid);
    EXPECT_EQ(hardnet_suppress_overlaps(&found, 0.5f, -1), kInvalid);
    EXPECT_EQ(hardnet_suppress_overlaps(&none, 0.5f, 1), kOk);
    EXPECT_EQ(hardnet_boxes_in_picture(&found, nullptr, {8, 8}), kInvalid);
    EXPECT_EQ(hardnet_boxes_in_picture(&found, &empty, {8, 8}), kInvalid);
    EXPECT_EQ(hardnet_boxes_in_picture(&found, &plan, {8, 0}), kInvalid);
}

TEST(Arguments, of_drawing) {
    Pixels pixels(4, 4);
    const hardnet_picture picture = pixels.view();
    const hardnet_picture none = {nullptr, {4, 4}, 12};
    const hardnet_box box = {1, 1, 3, 3}, no_box = {1, NAN, 3, 3};
    hardnet_color color;
    EXPECT_EQ(hardnet_palette(0, &color), kInvalid);
    EXPECT_EQ(hardnet_palette(1, nullptr), kInvalid);
    EXPECT_EQ(hardnet_fill_rectangle(&none, 0, 0, {1, 1}, kRed), kInvalid);
    EXPECT_EQ(hardnet_fill_rectangle(&picture, 0, 0, {-1, 1}, kRed), kInvalid);
    EXPECT_EQ(hardnet_draw_text(nullptr, 0, 0, "a", kRed, 1), kInvalid);
    EXPECT_EQ(hardnet_draw_text(&picture, 0, 0, nullptr, kRed, 1), kInvalid);
    EXPECT_EQ(hardnet_draw_text(&picture, 0, 0, "a", kRed, 0), kInvalid);
    EXPECT_EQ(hardnet_draw_box(&none, &box, "a", kRed), kInvalid);
    EXPECT_EQ(hardnet_draw_box(&picture, nullptr, "a", kRed), kInvalid);
    EXPECT_EQ(hardnet_draw_box(&picture, &no_box, "a", kRed), kInvalid);
}

TEST(Arguments, of_overlays) {
    Pixels pixels(4, 4), other(5, 4);
    const hardnet_picture picture = pixels.view(), wrong = other.view();
    Labels labels(4, 4);
    const hardnet_label_map map = labels.view();
    const hardnet_legend_entry no_text = {nullptr, kRed};
    hardnet_size size;
    EXPECT_EQ(hardnet_draw_mask(&map, &kRed, 1, &picture), kOk);
    EXPECT_EQ(hardnet_draw_mask(nullptr, &kRed, 1, &picture), kInvalid);
    EXPECT_EQ(hardnet_draw_mask(&map, nullptr, 1, &picture), kInvalid);
    EXPECT_EQ(hardnet_draw_mask(&map, &kRed, 1, &wrong), kInvalid);
    EXPECT_EQ(hardnet_overlay_size({4, 0}, nullptr, 0, &size), kInvalid);
    EXPECT_EQ(hardnet_overlay_size({4, 4}, nullptr, 1, &size), kInvalid);
    EXPECT_EQ(hardnet_overlay_size({4, 4}, nullptr, -1, &size), kInvalid);
    EXPECT_EQ(hardnet_overlay_size({4, 4}, &no_text, 1, &size), kInvalid);
    EXPECT_EQ(hardnet_overlay_size({4, 4}, nullptr, 0, nullptr), kInvalid);
    const hardnet_legend_entry entry = {"a", kRed};
    EXPECT_EQ(hardnet_overlay_size({4, INT32_MAX}, &entry, 1, &size), kTooLarge);
    Pixels drawn(4, 4);
    const hardnet_picture out = drawn.view();
    EXPECT_EQ(hardnet_draw_overlay(&picture, &map, &kRed, 1, nullptr, 0, &out), kOk);
    EXPECT_EQ(hardnet_draw_overlay(&picture, &map, &kRed, 1, nullptr, 0, &wrong), kInvalid);
    EXPECT_EQ(hardnet_draw_overlay(&wrong, &map, &kRed, 1, nullptr, 0, &out), kInvalid);
    EXPECT_EQ(hardnet_draw_overlay(&picture, &map, nullptr, 1, nullptr, 0, &out), kInvalid);
    labels.values[3] = 1;
    EXPECT_EQ(hardnet_draw_mask(&map, &kRed, 1, &picture), kInvalid) << "a label that is no class";
    EXPECT_EQ(hardnet_draw_overlay(&picture, &map, &kRed, 1, nullptr, 0, &out), kInvalid);
}

TEST(Arguments, of_sheets) {
    Pixels pixels(4, 4), other(5, 4);
    hardnet_size size;
    hardnet_sheet_tile tile = {pixels.view(), "a", 0};
    EXPECT_EQ(hardnet_sheet_size(&tile, 1, "b", &size), kOk);
    EXPECT_EQ(hardnet_sheet_size(nullptr, 1, "b", &size), kInvalid);
    EXPECT_EQ(hardnet_sheet_size(&tile, -1, "b", &size), kInvalid);
    EXPECT_EQ(hardnet_sheet_size(&tile, 1, nullptr, &size), kInvalid);
    EXPECT_EQ(hardnet_sheet_size(&tile, 1, "b", nullptr), kInvalid);
    const hardnet_picture out = other.view();
    EXPECT_EQ(hardnet_draw_sheet(&tile, 1, "b", &out), kInvalid) << "another size than was said";
    tile.caption = nullptr;
    EXPECT_EQ(hardnet_sheet_size(&tile, 1, "b", &size), kInvalid);
    tile = {other.view(), "a", 0};
    EXPECT_EQ(hardnet_sheet_size(&tile, 1, "b", &size), kInvalid) << "no square";
}

}  // namespace
}  // namespace hardnet::testing
