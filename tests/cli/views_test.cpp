// What the program makes of hardnet/vision.h: priors of a network's sources, lists as long as they need to be.
#include <gtest/gtest.h>

#include "cli/vision.h"
#include "models/records.h"

namespace hardnet {
namespace {

TEST(Priors, are_one_per_row_of_the_outputs) {
    for (const char *name : {"ssd512_vgg16", "ssd512_hardnet68", "ssd512_hardnet85"}) {
        const Result<ModelRecord> record = find_record(name);
        ASSERT_TRUE(record);
        for (const InputSize size : {InputSize{512, 512}, InputSize{384, 640}}) {
            const Result<Network> network = build_network(*record, size);
            ASSERT_TRUE(network) << network.error().what;
            const Priors priors = ssd_priors(*network);
            EXPECT_EQ(int64_t(priors.size()), output_shape(*network, network->outputs[0])[0]) << name;
        }
    }
}

// More than fit at first pass the threshold; all but one lie beneath another.
TEST(Detections, have_the_room_that_they_need) {
    const Priors priors(3000, hardnet_prior{0.5f, 0.5f, 0.1f, 0.1f});
    std::vector<float> loc(3000 * 4), conf;
    for (int i = 0; i < 3000; i++) conf.insert(conf.end(), {0, float(i % 7)});
    const Detections found = decode_ssd(priors, loc.data(), conf.data(), 2, {100, 100}, 0.1f);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_NEAR(found[0].score, 0.9975, 1e-4);
}

TEST(Preprocess, names_a_picture_whose_extents_cannot_be_resized) {
    Preprocessing preprocessing;
    preprocessing.resize_short = 1 << 30;
    preprocessing.own = {1, 1};
    const Image image{1, 1 << 20, std::vector<uint8_t>(3 << 20)};
    std::vector<float> out(3);
    const auto plan = preprocess(image, preprocessing, {1, 1}, out.data(), "a.png");
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().what, "bad image: a.png: expected extents that can be resized, found 1x1048576");
}

TEST(Masks, have_grey_values_of_class_numbers) {
    const LabelMap map{3, 2, {0, 1, 254, HARDNET_UNSEEN, 255, 7}};
    const GreyImage image = number_image(map);
    EXPECT_EQ(image.width, 3);
    EXPECT_EQ(image.height, 2);
    EXPECT_EQ(image.grey, (std::vector<uint8_t>{0, 1, 254, 255, 255, 7}));
}

TEST(Statuses, that_cannot_be_end_the_program) {
    EXPECT_NO_THROW(check(HARDNET_VISION_OK));
    EXPECT_THROW(check(HARDNET_VISION_INVALID_ARGUMENT), std::logic_error);
}

}  // namespace
}  // namespace hardnet
