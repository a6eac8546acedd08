// The seeded generator against tests/golden/seed.json, which its twin in numpy wrote: equal to the last bit.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "models/records.h"
#include "tests/weights/checksum.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

uint32_t bits_of(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint32_t checksum(const std::vector<float> &values) {
    std::string bytes;
    for (float value : values)
        for (int byte = 0; byte < 4; byte++) bytes += static_cast<char>(bits_of(value) >> (8 * byte) & 0xff);
    return testing::crc32(bytes);
}

TEST(Seed, EqualsItsTwinToTheLastBit) {
    std::ifstream file(HARDNET_GOLDEN_FOLDER "/seed.json");
    ASSERT_TRUE(file);
    const auto cases = nlohmann::json::parse(file);
    ASSERT_EQ(cases.size(), 2u);
    for (const auto &golden : cases) {
        const uint64_t seed = golden["seed"];
        const auto record = find_record(golden["network"]);
        ASSERT_TRUE(record);
        const Checkpoint checkpoint = seeded_checkpoint(*build_network(*record, record->input), seed);
        EXPECT_EQ(checkpoint.source, "seed:" + std::to_string(seed));
        for (const auto &tensor : golden["tensors"]) {
            const std::string key = tensor["key"];
            SCOPED_TRACE(key + " of seed " + std::to_string(seed));
            const std::vector<int64_t> shape = tensor["shape"];
            FloatTensor found;
            if (key == "input") {
                found = {shape, seeded_input(shape[0] * shape[1] * shape[2], seed)};
            } else {
                ASSERT_TRUE(checkpoint.tensors.count(key));
                found = checkpoint.tensors.at(key);
            }
            EXPECT_EQ(found.shape, shape);
            for (const auto &[index, bits] : tensor["bits"].items()) {
                EXPECT_EQ(bits_of(found.values.at(std::stoul(index))),
                          std::stoul(bits.get<std::string>(), nullptr, 16));
            }
            EXPECT_EQ(checksum(found.values), tensor["crc32"].get<uint32_t>());
        }
    }
}

TEST(Seed, GivesEveryParameterThatFoldingNeeds) {
    for (const ModelRecord &record : builtin_records()) {
        const Network network = *build_network(record, record.input);
        const auto folded = fold(network, seeded_checkpoint(network, 7));
        ASSERT_TRUE(folded) << record.name << ": " << folded.error().what;
        EXPECT_EQ(folded->layers.size(), network.layers.size());
    }
}

TEST(Seed, OtherSeedsAndKeysGiveOtherValues) {
    EXPECT_NE(seeded_input(16, 1), seeded_input(16, 2));
    const auto record = find_record("hardnet68");
    const Checkpoint checkpoint = seeded_checkpoint(*build_network(*record, record->input), 1);
    EXPECT_NE(checkpoint.tensors.at("base.0.norm.weight").values,
              checkpoint.tensors.at("base.3.layers.1.norm.weight").values);
}

TEST(Seed, InputLooksNormalised) {
    const std::vector<float> input = seeded_input(100000, 3);
    double sum = 0, square = 0;
    for (float value : input) {
        EXPECT_LT(std::abs(value), 2);
        sum += value;
        square += double{value} * value;
    }
    EXPECT_NEAR(sum / 100000, 0, 0.02);
    EXPECT_NEAR(square / 100000, 4.0 / 3, 0.02);  // uniform in (-2, 2)
}

}  // namespace
}  // namespace hardnet
