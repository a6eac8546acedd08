// The HarDBlock rule against its definition, and every block of the four networks against a table written
// out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "models/hardblock.h"
#include "tests/models/networks.h"

namespace hardnet {
namespace {

using ::testing::ElementsAre;

TEST(BlockLinks, NearestFirst) {
    const std::vector<std::vector<int>> expected = {
        {0}, {1, 0}, {2},  {3, 2, 0},   {4},  {5, 4},   {6},  {7, 6, 4, 0},
        {8}, {9, 8}, {10}, {11, 10, 8}, {12}, {13, 12}, {14}, {15, 14, 12, 8, 0},
    };
    for (int layer = 1; layer <= 16; layer++) EXPECT_EQ(block_links(layer), expected[layer - 1]) << layer;
}

TEST(BlockLinks, BetweenPowersOfTwo) {
    EXPECT_THAT(block_links(24), ElementsAre(23, 22, 20, 16));
    EXPECT_THAT(block_links(48), ElementsAre(47, 46, 44, 40, 32));
    EXPECT_THAT(block_links(64), ElementsAre(63, 62, 60, 56, 48, 32, 0));
}

TEST(BlockOutputs, OddLayersAndTheLast) {
    EXPECT_THAT(block_outputs(4), ElementsAre(1, 3, 4));
    EXPECT_THAT(block_outputs(8), ElementsAre(1, 3, 5, 7, 8));
    EXPECT_THAT(block_outputs(5), ElementsAre(1, 3, 5));
    EXPECT_THAT(block_outputs(1), ElementsAre(1));
}

TEST(BlockChannels, RoundsToEven) {
    EXPECT_EQ(block_channels(2, 16, 1.7), 28);    // 27.2
    EXPECT_EQ(block_channels(2, 10, 1.7), 18);    // 17.0, exactly
    EXPECT_EQ(block_channels(4, 16, 1.7), 46);    // 46.24
    EXPECT_EQ(block_channels(8, 16, 1.7), 78);    // 78.608
    EXPECT_EQ(block_channels(16, 16, 1.7), 134);  // 133.6336
    EXPECT_EQ(block_channels(8, 40, 1.6), 164);   // 163.84
    EXPECT_EQ(block_channels(7, 14, 1.7), 14);
}

struct BlockRow {
    const char *network, *prefix;
    const char *outs, *ins;  // channels of layers 1..n
    int channels;            // of the block's output
};

// clang-format off
const BlockRow kBlocks[] = {
    {"hardnet39ds", "base.3", "16 26 16 40", "48 64 26 90", 72},
    {"hardnet39ds", "base.6", "20 32 20 52 20 32 20 82 20 32 20 52 20 32 20 132", "96 116 32 148 52 72 32 200 82 102 32 134 52 72 32 282", 292},
    {"hardnet39ds", "base.9", "64 102 64 164 64 102 64 262", "320 384 102 486 164 228 102 650", 518},
    {"hardnet39ds", "base.12", "160 256 160 410", "640 800 256 1056", 730},
    {"hardnet68ds", "base.3", "14 24 14 40 14 24 14 68", "64 78 24 102 40 54 24 142", 124},
    {"hardnet68ds", "base.6", "16 28 16 46 16 28 16 78 16 28 16 46 16 28 16 134", "128 144 28 172 46 62 28 218 78 94 28 122 46 62 28 296", 262},
    {"hardnet68ds", "base.8", "20 34 20 58 20 34 20 98 20 34 20 58 20 34 20 168", "256 276 34 310 58 78 34 368 98 118 34 152 58 78 34 466", 328},
    {"hardnet68ds", "base.11", "40 68 40 116 40 68 40 196 40 68 40 116 40 68 40 334", "320 360 68 428 116 156 68 544 196 236 68 304 116 156 68 740", 654},
    {"hardnet68ds", "base.14", "160 272 160 462", "640 800 272 1072", 782},
    {"hardnet68", "base.3", "14 24 14 40 14 24 14 68", "64 78 24 102 40 54 24 142", 124},
    {"hardnet68", "base.6", "16 28 16 46 16 28 16 78 16 28 16 46 16 28 16 134", "128 144 28 172 46 62 28 218 78 94 28 122 46 62 28 296", 262},
    {"hardnet68", "base.8", "20 34 20 58 20 34 20 98 20 34 20 58 20 34 20 168", "256 276 34 310 58 78 34 368 98 118 34 152 58 78 34 466", 328},
    {"hardnet68", "base.11", "40 68 40 116 40 68 40 196 40 68 40 116 40 68 40 334", "320 360 68 428 116 156 68 544 196 236 68 304 116 156 68 740", 654},
    {"hardnet68", "base.14", "160 272 160 462", "640 800 272 1072", 782},
    {"hardnet85", "base.3", "24 40 24 70 24 40 24 118", "96 120 40 160 70 94 40 230", 214},
    {"hardnet85", "base.6", "24 40 24 70 24 40 24 118 24 40 24 70 24 40 24 200", "192 216 40 256 70 94 40 326 118 142 40 182 70 94 40 444", 392},
    {"hardnet85", "base.8", "28 48 28 80 28 48 28 138 28 48 28 80 28 48 28 234", "256 284 48 332 80 108 48 412 138 166 48 214 80 108 48 550", 458},
    {"hardnet85", "base.11", "36 62 36 104 36 62 36 176 36 62 36 104 36 62 36 300", "320 356 62 418 104 140 62 522 176 212 62 274 104 140 62 698", 588},
    {"hardnet85", "base.13", "48 82 48 138 48 82 48 236 48 82 48 138 48 82 48 400", "480 528 82 610 138 186 82 748 236 284 82 366 138 186 82 984", 784},
    {"hardnet85", "base.16", "256 436 256 740", "720 976 436 1412", 1252},
};
// clang-format on

std::vector<int> numbers(const std::string &text) {
    std::istringstream stream(text);
    std::vector<int> values;
    for (int value = 0; stream >> value;) values.push_back(value);
    return values;
}

TEST(Blocks, ChannelsOfEveryBlock) {
    for (const BlockRow &row : kBlocks) {
        SCOPED_TRACE(std::string(row.network) + "/" + row.prefix);
        const Network network = testing::network(row.network);
        const bool depthwise = testing::record(row.network).depthwise;
        const std::vector<int> outs = numbers(row.outs), ins = numbers(row.ins);
        ASSERT_EQ(outs.size(), ins.size());
        for (size_t l = 0; l < outs.size(); l++) {
            const std::string name = std::string(row.prefix) + ".layers." + std::to_string(l);
            EXPECT_EQ(testing::layer(network, depthwise ? name + ".layer1" : name).in.channels, ins[l])
                << name;
            EXPECT_EQ(testing::layer(network, depthwise ? name + ".layer2" : name).out.channels, outs[l])
                << name;
        }
        // The transition reads the block's output; hardnet85's dropout takes the index between them.
        const int gap = std::string(row.network) == "hardnet85" && row.channels == 1252 ? 2 : 1;
        const std::string transition =
            "base." + std::to_string(std::stoi(std::string(row.prefix).substr(5)) + gap);
        EXPECT_EQ(testing::layer(network, transition).in.channels, row.channels);
    }
}

}  // namespace
}  // namespace hardnet
