// Boxes from raw outputs, by hand: offsets, softmax, suppression, peaks, and the way back to the picture.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/vision/memory.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Detections = std::vector<hardnet_detection>;
using Priors = std::vector<hardnet_prior>;

void expect_box(const hardnet_box &box, float left, float top, float right, float bottom) {
    EXPECT_NEAR(box.left, left, 1e-3);
    EXPECT_NEAR(box.top, top, 1e-3);
    EXPECT_NEAR(box.right, right, 1e-3);
    EXPECT_NEAR(box.bottom, bottom, 1e-3);
}

// Logits of background alone for every prior, then one prior's own.
struct Raw {
    std::vector<float> loc, conf;
    explicit Raw(size_t priors) : loc(priors * 4), conf(priors * 3) {
        for (size_t p = 0; p < priors; p++) conf[p * 3] = 20;
    }
    void set(size_t prior, int label, float logit, const std::vector<float> &offsets) {
        conf[prior * 3] = 0;
        conf[prior * 3 + size_t(label)] = logit;
        std::copy(offsets.begin(), offsets.end(), &loc[prior * 4]);
    }
};

Detections decode_ssd(const Priors &priors, const Raw &raw, hardnet_size image, float threshold) {
    const hardnet_ssd ssd = {priors.data(), int64_t(priors.size()), 3, image};
    float scratch[3];
    Detections found(1000);
    hardnet_detections list = {found.data(), int64_t(found.size()), 0};
    EXPECT_EQ(hardnet_decode_ssd(&ssd, raw.loc.data(), raw.conf.data(), threshold, scratch, &list),
              HARDNET_VISION_OK);
    found.resize(size_t(list.count));
    return found;
}

TEST(Ssd, finds_a_single_box) {
    const Priors priors = {{0.5f, 0.25f, 0.2f, 0.1f}, {0.1f, 0.1f, 0.1f, 0.1f}};
    Raw raw(2);
    raw.set(0, 2, 3, {1, -2, std::log(2.0f) / 0.2f, 0});
    const hardnet_size size{100, 200};
    const Detections found = decode_ssd(priors, raw, size, 0.3f);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].label, 2);
    EXPECT_NEAR(found[0].score, std::exp(3) / (std::exp(3) + 2), 1e-6);
    // Centre 0.5 + 0.1 * 0.2 = 0.52, 0.25 - 0.2 * 0.1 = 0.23; width 0.4, height 0.1.
    expect_box(found[0].box, 32, 36, 72, 56);
}

TEST(Ssd, scores_below_the_threshold_and_the_background_are_no_boxes) {
    const Priors priors(4, hardnet_prior{0.5f, 0.5f, 0.1f, 0.1f});
    Raw raw(4);
    raw.set(1, 1, std::log(2.0f), {0, 0, 0, 0});  // 1, 2, 1: half of all
    raw.conf[6] = NAN;
    EXPECT_EQ(decode_ssd(priors, raw, k512, 0.5f).size(), 1u);
    EXPECT_THAT(decode_ssd(priors, raw, k512, 0.51f), IsEmpty());
}

TEST(Ssd, keeps_the_best_200_of_boxes_that_do_not_overlap) {
    Priors priors;
    for (int i = 0; i < 300; i++) priors.push_back({float(i) / 300, 0.5f, 0.001f, 0.1f});
    Raw raw(300);
    for (int i = 0; i < 300; i++) raw.set(size_t(i), 1 + i % 2, 1 + float(i) / 100, {0, 0, 0, 0});
    const Detections found = decode_ssd(priors, raw, k512, 0.1f);
    ASSERT_EQ(found.size(), 200u);
    EXPECT_EQ(found[0].label, 2);  // of the last prior
    EXPECT_NEAR(found[199].score, std::exp(2) / (std::exp(2) + 2), 1e-5);
}

// As many as pass the threshold must fit, although most of them are suppressed.
TEST(Ssd, says_how_much_room_it_needs) {
    const Priors priors(9, hardnet_prior{0.5f, 0.5f, 0.1f, 0.1f});
    Raw raw(9);
    for (size_t i = 0; i < 7; i++) raw.set(i, 1, 5, {0, 0, 0, 0});
    const hardnet_ssd ssd = {priors.data(), 9, 3, k512};
    float scratch[3];
    Detections found(7);
    hardnet_detections list = {found.data(), 6, 0};
    EXPECT_EQ(hardnet_decode_ssd(&ssd, raw.loc.data(), raw.conf.data(), 0.5f, scratch, &list),
              HARDNET_VISION_NO_ROOM);
    EXPECT_EQ(list.count, 7);
    list = {found.data(), 7, 0};
    EXPECT_EQ(hardnet_decode_ssd(&ssd, raw.loc.data(), raw.conf.data(), 0.5f, scratch, &list),
              HARDNET_VISION_OK);
    EXPECT_EQ(list.count, 1);
}

float overlap(hardnet_box a, hardnet_box b) { return hardnet_overlap(a, b); }

TEST(Overlap, is_intersection_over_union) {
    EXPECT_EQ(overlap({0, 0, 4, 4}, {0, 0, 4, 4}), 1);
    EXPECT_EQ(overlap({0, 0, 4, 4}, {2, 0, 6, 4}), 8.0f / 24);
    EXPECT_EQ(overlap({0, 0, 4, 4}, {4, 0, 8, 4}), 0);
    EXPECT_EQ(overlap({0, 0, 4, 4}, {9, 9, 8, 8}), 0);
    EXPECT_EQ(overlap({1, 1, 1, 1}, {1, 1, 1, 1}), 0);
    EXPECT_EQ(overlap({1, 1, 1, 1}, {9, 9, 8, 8}), 0) << "two corners turned round are no area";
}

std::vector<float> scores_of(const Detections &detections) {
    std::vector<float> scores;
    for (const hardnet_detection &d : detections) scores.push_back(d.score);
    return scores;
}

Detections without_overlaps(Detections detections, float most_overlap, int64_t limit) {
    hardnet_detections list = list_of(detections);
    EXPECT_EQ(hardnet_suppress_overlaps(&list, most_overlap, limit), HARDNET_VISION_OK);
    detections.resize(size_t(list.count));
    return detections;
}

TEST(Suppression, takes_what_overlaps_a_better_box_of_its_class) {
    const hardnet_box box{0, 0, 100, 100};
    const Detections all = {
        {1, 0.5f, {0, 0, 100, 50}},    // half of the best one of its class
        {1, 0.9f, box},                // the best
        {1, 0.6f, {60, 0, 160, 100}},  // a quarter of the union: stays
        {2, 0.7f, box},                // another class: stays
        {1, 0.8f, {0, 0, 100, 99}},    // nearly the best one
    };
    EXPECT_THAT(scores_of(without_overlaps(all, 0.45f, 10)), ElementsAre(0.9f, 0.7f, 0.6f));
    EXPECT_THAT(scores_of(without_overlaps(all, 0.5f, 10)), ElementsAre(0.9f, 0.7f, 0.6f, 0.5f))
        << "as much as is allowed stays";
    EXPECT_THAT(scores_of(without_overlaps(all, 0.45f, 2)), ElementsAre(0.9f, 0.7f));
}

// What a suppressed box overlaps is not suppressed by it.
TEST(Suppression, is_greedy) {
    const Detections row = {{1, 0.9f, {0, 0, 10, 10}}, {1, 0.8f, {3, 0, 13, 10}}, {1, 0.7f, {6, 0, 16, 10}}};
    EXPECT_THAT(scores_of(without_overlaps(row, 0.45f, 10)), ElementsAre(0.9f, 0.7f));
}

TEST(Suppression, takes_the_first_of_equals) {
    const Detections equals = {{1, 0.5f, {0, 0, 10, 10}}, {1, 0.5f, {0, 0, 10, 9}}, {2, 0.5f, {5, 5, 6, 6}}};
    const Detections kept = without_overlaps(equals, 0.45f, 10);
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0].box.bottom, 10);
    EXPECT_EQ(kept[1].label, 2);
}

// Against suppression as it is written down: sorted, then each held against all that are kept.
TEST(Suppression, agrees_with_the_rule) {
    Detections all;
    uint32_t random = 1;
    const auto next = [&](uint32_t below) {
        return random = random * 1664525 + 1013904223, (random >> 8) % below;
    };
    for (int i = 0; i < 500; i++) {
        const float left = float(next(80)), top = float(next(80));
        all.push_back({int(next(3)),
                       float(next(20)) / 20,
                       {left, top, left + float(1 + next(30)), top + float(1 + next(30))}});
    }
    Detections sorted = all, expected;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto &a, const auto &b) { return a.score > b.score; });
    for (const hardnet_detection &one : sorted) {
        const bool overlaps = std::any_of(expected.begin(), expected.end(), [&](const auto &better) {
            return better.label == one.label && overlap(better.box, one.box) > 0.3f;
        });
        if (!overlaps) expected.push_back(one);
    }
    const Detections found = without_overlaps(all, 0.3f, 1000);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); i++) {
        EXPECT_EQ(found[i].score, expected[i].score) << i;
        EXPECT_EQ(found[i].label, expected[i].label) << i;
        EXPECT_EQ(found[i].box.left, expected[i].box.left) << i;
        EXPECT_EQ(found[i].box.bottom, expected[i].box.bottom) << i;
    }
}

Detections decode_centernet(const float *hm, const float *wh, hardnet_size map, float threshold,
                            size_t room = 100) {
    Detections found(room);
    hardnet_detections list = {found.data(), int64_t(room), 0};
    EXPECT_EQ(hardnet_decode_centernet(hm, wh, 2, map, threshold, &list), HARDNET_VISION_OK);
    found.resize(size_t(list.count));
    return found;
}

// A 5x4 map of two classes with boxes of 2x1 cells.
struct Map {
    static constexpr int kWidth = 5, kHeight = 4, kArea = kWidth * kHeight;
    std::vector<float> hm = std::vector<float>(2 * kArea, -10), wh = std::vector<float>(4 * kArea);
    Map() {
        std::fill_n(wh.begin(), kArea, 2.0f);
        std::fill_n(wh.begin() + kArea, kArea, 1.0f);
    }
    float &heat(int label, int x, int y) { return hm[size_t(label * kArea + y * kWidth + x)]; }
    Detections decode(float threshold) {
        return decode_centernet(hm.data(), wh.data(), {kWidth, kHeight}, threshold);
    }
};

TEST(CenterNet, finds_a_single_box) {
    Map map;
    map.heat(1, 3, 2) = 1;
    map.heat(1, 2, 2) = 0.5;  // beside the peak
    map.wh[2 * Map::kArea + 2 * Map::kWidth + 3] = 0.5;
    map.wh[3 * Map::kArea + 2 * Map::kWidth + 3] = 0.25;
    const Detections found = map.decode(0.3f);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].label, 1);
    EXPECT_NEAR(found[0].score, 1 / (1 + std::exp(-1)), 1e-6);
    expect_box(found[0].box, 4 * 2.5f, 4 * 1.75f, 4 * 4.5f, 4 * 2.75f);
}

TEST(CenterNet, takes_every_peak_of_every_class_best_first) {
    Map map;
    map.heat(0, 0, 0) = 1;
    map.heat(0, 2, 0) = 2;  // not a neighbour
    map.heat(1, 0, 0) = 3;  // another class
    map.heat(0, 4, 3) = 0;  // a half
    map.heat(0, 3, 2) = NAN;
    std::vector<int> columns;
    for (const hardnet_detection &d : map.decode(0.5f)) columns.push_back(int(d.box.left / 4 + 1));
    EXPECT_THAT(columns, ElementsAre(0, 2, 0)) << "one beside a NaN is no peak";
    map.heat(0, 3, 2) = -10;
    EXPECT_EQ(map.decode(0.5f).size(), 4u);
    EXPECT_EQ(map.decode(0.51f).size(), 3u);
}

TEST(CenterNet, keeps_both_of_two_equal_neighbours) {
    Map map;
    map.heat(0, 1, 1) = map.heat(0, 2, 1) = 1;
    EXPECT_EQ(map.decode(0.3f).size(), 2u);
}

TEST(CenterNet, keeps_the_best_100) {
    std::vector<float> hm, wh(4 * 400);
    for (int i = 0; i < 400; i++) hm.push_back(i % 2 == 0 && i / 20 % 2 == 0 ? float(i) / 100 : -10.0f);
    hm.insert(hm.end(), hm.begin(), hm.end());  // 2 x 100 peaks
    const Detections found = decode_centernet(hm.data(), wh.data(), {20, 20}, 0.3f, 150);
    ASSERT_EQ(found.size(), 100u);
    EXPECT_EQ(found[0].label, 0);
    EXPECT_EQ(found[1].label, 1);
    EXPECT_EQ(found[0].score, found[1].score);
    EXPECT_GT(found[1].score, found[2].score);
    const Detections fewer = decode_centernet(hm.data(), wh.data(), {20, 20}, 0.3f, 3);
    ASSERT_EQ(fewer.size(), 3u);
    EXPECT_EQ(fewer[2].score, found[2].score);
}

Detections in_picture(Detections detections, const hardnet_resize_plan &plan, int width, int height) {
    hardnet_detections list = list_of(detections);
    EXPECT_EQ(hardnet_boxes_in_picture(&list, &plan, {width, height}), HARDNET_VISION_OK);
    detections.resize(size_t(list.count));
    return detections;
}

TEST(InPicture, undoes_the_resizing_and_cuts_at_the_edges) {
    const hardnet_resize_plan whole{512, 512, 0, 0};
    const Detections boxes = {{1, 0.9f, {128, 256, 256, 512}}, {1, 0.8f, {-50, -60, 51.2f, 700}},
                              {1, 0.7f, {600, 10, 700, 20}},  // outside
                              {1, 0.6f, {30, 20, 30, 40}},    // empty
                              {1, 0.5f, {NAN, 0, 10, 10}},     {1, 0.4f, {-INFINITY, 0, INFINITY, 256}}};
    const Detections found = in_picture(boxes, whole, 1000, 500);
    EXPECT_THAT(scores_of(found), ElementsAre(0.9f, 0.8f, 0.4f));
    expect_box(found[0].box, 250, 250, 500, 500);
    expect_box(found[1].box, 0, 0, 100, 500);
    expect_box(found[2].box, 0, 0, 1000, 250);
    // A picture of 200x100 becomes 400x200, of which the middle 200x200 is the input.
    const Detections cut = in_picture({{1, 1, {0, 0, 100, 200}}}, {400, 200, 100, 0}, 200, 100);
    expect_box(cut[0].box, 50, 0, 100, 100);
}

}  // namespace
}  // namespace hardnet::testing
