// The reader on files that are right, in every way in which the format lets a file be right.
#include <gmock/gmock.h>

#include "tests/weights/files.h"

namespace hardnet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Safetensors, ReadsTensorsInTheHeadersOrder) {
    const Reading reading =
        read_bytes(file_of(R"({"b":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},)"
                           R"("a":{"data_offsets":[0,4],"shape":[1,1,1,1],"dtype":"F32"}})",
                           28));
    EXPECT_EQ(reading.error, "");
    EXPECT_THAT(reading.visits, ElementsAre("b F32 [2,3] 24@4", "a F32 [1,1,1,1] 4@0"));
}

TEST(Safetensors, ReadsBlanksPaddingAndMetadata) {
    const Reading reading = read_bytes(file_of(
        "{ \"__metadata__\" : { \"format\" : \"pt\", \"note\":\"a \\\"b\\\" \\u00e9 \\ud83d\\ude00\" } ,\r\n"
        "\t\"caf\xc3\xa9\" : { \"dtype\" : \"I64\" , \"shape\" : [ ] , \"data_offsets\" : [ 0 , 8 ] } }     ",
        8));
    EXPECT_EQ(reading.error, "");
    EXPECT_THAT(reading.visits,
                ElementsAre("format=pt", R"(note=a \"b\" \u00e9 \ud83d\ude00)", "caf\xc3\xa9 I64 [] 8@0"));
}

TEST(Safetensors, ReadsFilesWithoutTensors) {
    EXPECT_EQ(read_bytes(file_of("{}", 0)).error, "");
    const Reading reading = read_bytes(file_of(R"({"__metadata__":{}})", 0));
    EXPECT_EQ(reading.error, "");
    EXPECT_THAT(reading.visits, IsEmpty());
}

TEST(Safetensors, ReadsTensorsWithoutElementsAnywhere) {
    const Reading reading =
        read_bytes(file_of(R"({"last":{"dtype":"U8","shape":[0],"data_offsets":[2,2]},)"
                           R"("two":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                           R"("first":{"dtype":"F64","shape":[3,0,5],"data_offsets":[0,0]}})",
                           2));
    EXPECT_EQ(reading.error, "");
    EXPECT_THAT(reading.visits, ElementsAre("last U8 [0] 0@2", "two U8 [2] 2@0", "first F64 [3,0,5] 0@0"));
}

TEST(Safetensors, KnowsEveryType) {
    const std::vector<std::pair<std::string, int>> types{
        {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"I64", 64},
        {"I32", 32},    {"I16", 16},    {"I8", 8},      {"U64", 64},    {"U32", 32},
        {"U16", 16},    {"U8", 8},      {"BOOL", 8},    {"F8_E5M2", 8}, {"F4", 4},
        {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"C64", 64}};
    for (const auto &[type, bits] : types) {
        const std::string header = R"({"t":{"dtype":")" + type + R"(","shape":[8],"data_offsets":[0,)" +
                                   std::to_string(bits) + "]}}";
        EXPECT_EQ(read_bytes(file_of(header, bits)).error, "") << type;
        EXPECT_NE(read_bytes(file_of(header, bits + 1)).error, "") << type;
    }
}

// Enough names, in an order that is bad for a naive sort, to exercise the heap.
TEST(Safetensors, ReadsManyTensors) {
    std::string header = "{";
    const int count = 5000;
    for (int i = 0; i < count; i++) {
        const int place = (i * 3517) % count;  // 3517 and 5000 have no common factor: every place once
        header += (i ? "," : "") + ("\"t" + std::to_string(place)) +
                  R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(place) + "," +
                  std::to_string(place + 1) + "]}";
    }
    const Reading reading = read_bytes(file_of(header + "}", count));
    EXPECT_EQ(reading.error, "");
    ASSERT_EQ(reading.visits.size(), size_t{count});
    EXPECT_EQ(reading.visits[1], "t3517 U8 [1] 1@3517");
}

TEST(Safetensors, MetadataMayBeOfNoInterest) {
    const std::string file = file_of(R"({"__metadata__":{"a":"b"}})", 0);
    std::vector<uint64_t> scratch(hardnet_safetensors_scratch(file.data(), file.size()) / 8);
    const hardnet_safetensors_visitor visitor{nullptr, [](void *, const hardnet_safetensor *) { FAIL(); },
                                              nullptr};
    char error[64] = "not written";
    EXPECT_EQ(
        hardnet_safetensors_parse(file.data(), file.size(), scratch.data(), &visitor, error, sizeof error),
        0);
    EXPECT_STREQ(error, "");
}

}  // namespace
}  // namespace hardnet::testing
