// Safetensors files that are wrong, each in one way: the reader names the fault, and visits nothing.
#include <gmock/gmock.h>

#include "tests/weights/files.h"

namespace hardnet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct BadFile {
    std::string file, error;
};

std::string tensor(const std::string &shape, const std::string &offsets, const std::string &type = "F32") {
    return R"({"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}
std::string one(const std::string &value) { return R"({"t":)" + value + "}"; }
std::string repeat(const std::string &text, int count) {
    std::string all;
    for (int i = 0; i < count; i++) all += text;
    return all;
}

void expect_refused(const std::vector<BadFile> &files) {
    for (const BadFile &bad : files) {
        const Reading reading = read_bytes(bad.file);
        EXPECT_THAT(reading.error, HasSubstr(bad.error));
        EXPECT_THAT(reading.visits, IsEmpty()) << bad.error;
    }
}

TEST(BadSafetensors, Sizes) {
    expect_refused({
        {"", "header: expected a file of at least 8 bytes, found 0"},
        {"1234567", "header: expected a file of at least 8 bytes, found 7"},
        {little_endian_64(0), "expected '{' at byte 0, found its end"},
        {little_endian_64(3) + "{}", "header: expected 3 bytes in the file, found 2"},
        {little_endian_64(100000001) + "{}", "expected at most 100000000 bytes, found a size of 100000001"},
        {little_endian_64(~uint64_t{0}) + "{}", "found a size of 18446744073709551615"},
        {little_endian_64(~uint64_t{0} - 7) + "{}", "found a size of 18446744073709551608"},
    });
    // Nothing is allocated for what a header only claims.
    EXPECT_LE(hardnet_safetensors_scratch((little_endian_64(100000000) + "{}").data(), 10), 64u);
}

TEST(BadSafetensors, WorkingMemoryIsBoundedByTheHeader) {
    const std::string colons = file_of("{" + repeat(":", 6000), 0),
                      colon_strings = file_of("{" + repeat("\":\",", 1500), 0);
    for (const std::string &file : {colons, colon_strings}) {
        EXPECT_LE(hardnet_safetensors_scratch(file.data(), file.size()), 4 * file.size() + 48);
        EXPECT_NE(read_bytes(file).error, "");
    }
}

TEST(BadSafetensors, Utf8) {
    for (const char *bytes :
         {"\xff", "\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3(", "\xe2\x82("}) {
        const Reading reading =
            read_bytes(file_of(std::string("{\"") + bytes + "\":" + tensor("[0]", "[0,0]") + "}", 0));
        EXPECT_THAT(reading.error, HasSubstr("header: expected UTF-8 at byte 2, found byte 0x"))
            << ::testing::PrintToString(bytes);
        const Reading at_end = read_bytes(file_of(std::string("{") + bytes, 0));
        EXPECT_THAT(at_end.error, HasSubstr("expected UTF-8 at byte 1"));
    }
}

TEST(BadSafetensors, Json) {
    const std::string good = tensor("[1]", "[0,4]");
    expect_refused({
        {file_of(" {}", 0), "expected '{' at byte 0, found ' '"},
        {file_of("[]", 0), "expected '{' at byte 0, found '['"},
        {file_of("{", 0), "expected a tensor's name at byte 1, found its end"},
        {file_of("{}x", 0), "expected only blanks behind the header's object at byte 2, found 'x'"},
        {file_of("{}{}", 0), "expected only blanks"},
        {file_of(std::string("{}\0", 3), 0), "found byte 0x00"},
        {file_of(R"({"t")", 4), "expected ':'"},
        {file_of(R"({"t)", 4), "expected the string's closing quote"},
        {file_of(R"({t:)" + good + "}", 4), "expected a tensor's name at byte 1, found 't'"},
        {file_of(R"({"t":)" + good + ",}", 4), "expected a tensor's name"},
        {file_of(R"({"t":)" + good, 4), "expected ',' or '}'"},
        {file_of("{\"a\nb\":" + good + "}", 4), "expected no control characters in a string"},
        {file_of(R"({"a\u0062":)" + good + "}", 4),
         R"(expected a tensor's name without escapes, found 'a\u0062')"},
        {file_of(R"({"__metadata__":{"a":"\x"}})", 0), "expected a known escape"},
        {file_of(std::string("{\"__metadata__\":{\"a\":\"\\\0\"}}", 26), 0), "expected a known escape"},
        {file_of(R"({"__metadata__":{"a":"\)", 0), "expected a whole escape"},
        {file_of(R"({"__metadata__":{"a":"\u12)", 0), "expected a valid \\u escape"},
        {file_of(R"({"__metadata__":{"a":"\u12g4"}})", 0), "expected a valid \\u escape"},
        {file_of(R"({"__metadata__":{"a":"\udc00"}})", 0), "expected a valid \\u escape"},
        {file_of(R"({"__metadata__":{"a":"\ud800"}})", 0), "second half of a surrogate pair"},
        {file_of(R"({"__metadata__":{"a":"\ud800\u0041"}})", 0), "second half of a surrogate pair"},
        {file_of(R"({"__metadata__":{"a":1}})", 0), "expected a text in __metadata__ at byte 21, found '1'"},
        {file_of(R"({"__metadata__":null})", 0), "expected '{'"},
        {file_of(R"({"__metadata__":{"a":"b",}})", 0), "expected a key of __metadata__"},
    });
}

TEST(BadSafetensors, Nesting) {
    const std::string deep = repeat("[", 1000000), objects = repeat("{\"a\":", 1000000);
    expect_refused({
        {file_of(deep, 0), "expected '{' at byte 0"},
        {file_of(one(deep), 0), "tensor 't': expected '{' at byte 5, found '['"},
        {file_of(objects, 0), "tensor 'a': expected dtype, shape or data_offsets, found 'a'"},
        {file_of(one(tensor(deep, "[0,0]")), 0), "tensor 't': expected a dimension"},
        {file_of(R"({"__metadata__":)" + objects, 0), "expected a text in __metadata__"},
    });
}

TEST(BadSafetensors, KeysTwiceOrMissing) {
    const std::string good = tensor("[0]", "[0,0]");
    expect_refused({
        {file_of(R"({"t":)" + good + R"(,"u":)" + good + R"(,"t":)" + good + "}", 0),
         "expected tensors once each, found 't' twice"},
        {file_of(R"({"__metadata__":{},"__metadata__":{}})", 0), "expected one __metadata__, found two"},
        {file_of(R"({"__metadata__":{"a":"1","b":"2","a":"3"}})", 0),
         "expected keys of __metadata__ once each, found 'a' twice"},
        {file_of(one(R"({"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]})"), 0),
         "tensor 't': expected one dtype, found two"},
        {file_of(one(R"({"shape":[0],"data_offsets":[0,0]})"), 0),
         "tensor 't': expected a dtype, found none"},
        {file_of(one(R"({"dtype":"F32","data_offsets":[0,0]})"), 0),
         "tensor 't': expected a shape, found none"},
        {file_of(one(R"({"dtype":"F32","shape":[0]})"), 0),
         "tensor 't': expected a data_offsets, found none"},
        {file_of(one(R"({"dtype":"F32","shape":[0],"data_offsets":[0,0],"strides":[1]})"), 0),
         "expected dtype, shape or data_offsets, found 'strides'"},
        {file_of(one("{}"), 0), "tensor 't': expected dtype, shape or data_offsets"},
    });
}

TEST(BadSafetensors, Offsets) {
    const auto two = [](const std::string &first, const std::string &second) {
        return R"({"a":)" + tensor("[1]", first) + R"(,"b":)" + tensor("[1]", second) + "}";
    };
    expect_refused({
        {file_of(one(tensor("[1]", "[-4,0]")), 4),
         "tensor 't': expected data_offsets' begin at byte 48, found '-'"},
        {file_of(one(tensor("[1]", "[4,0]")), 4),
         "tensor 't': expected data_offsets in ascending order, found 4 before 0"},
        {file_of(one(tensor("[1]", "[0,4]")), 3),
         "expected data_offsets within the file's 3 bytes of data, found an end at 4"},
        {file_of(one(tensor("[1]", "[0,18446744073709551615]")), 4),
         "tensor 't': expected data_offsets' end below 2^63, found more"},
        {file_of(one(tensor("[1]", "[9223372036854775807,9223372036854775807]")), 4),
         "found an end at 9223372036854775807"},
        {file_of(one(tensor("[1]", "[0]")), 4), "expected ','"},
        {file_of(one(tensor("[1]", "[0,4,4]")), 4), "expected ']'"},
        {file_of(one(tensor("[1]", "[0,4.0]")), 4), "expected ']' at byte 51, found '.'"},
        {file_of(one(tensor("[1]", "[0,4e0]")), 4), "found 'e'"},
        {file_of(one(tensor("[1]", "[00,4]")), 4), "without leading zeros"},
        {file_of(two("[0,4]", "[2,6]"), 6),
         "tensor 'b': expected data from byte 4, where the tensor before it ends, found an overlap"},
        {file_of(two("[0,4]", "[0,4]"), 4), "found an overlap, data at 0"},
        {file_of(two("[0,4]", "[8,12]"), 12),
         "tensor 'b': expected data from byte 4, where the tensor before it ends, found a hole"},
        {file_of(two("[4,8]", "[8,12]"), 12), "tensor 'a': expected data from byte 0"},
        {file_of(two("[0,4]", "[4,8]"), 9), "header: expected 8 bytes of data in all, found 9"},
        {file_of("{}", 1), "header: expected 0 bytes of data in all, found 1"},
        {file_of(R"({"a":)" + tensor("[2]", "[0,8]") + R"(,"z":)" + tensor("[0]", "[4,4]") + "}", 8),
         "tensor 'z': expected data from byte 8"},
    });
}

TEST(BadSafetensors, ShapesAndTypes) {
    expect_refused({
        {file_of(one(tensor("[2]", "[0,4]")), 4),
         "tensor 't': expected 8 bytes for its shape and type, found data_offsets of 4"},
        {file_of(one(tensor("[1]", "[0,4]", "F64")), 4), "expected 8 bytes for its shape and type"},
        {file_of(one(tensor("[3]", "[0,1]", "F4")), 1), "expected 2 bytes for its shape and type"},
        {file_of(one(tensor("[4611686018427387904,4]", "[0,0]")), 0),
         "expected a shape of less than 2^61 bytes, found more"},
        {file_of(one(tensor("[4294967296,4294967296]", "[0,0]")), 0),
         "expected a shape of less than 2^61 bytes"},
        {file_of(one(tensor("[9223372036854775808]", "[0,0]")), 0),
         "expected a dimension below 2^63, found more"},
        {file_of(one(tensor("[99999999999999999999999]", "[0,0]")), 0),
         "expected a dimension below 2^63, found more"},
        {file_of(one(tensor("[-1]", "[0,4]")), 4), "expected a dimension at byte 29, found '-'"},
        {file_of(one(tensor("[1.5]", "[0,4]")), 4), "expected ',' or ']'"},
        {file_of(one(tensor("[1,]", "[0,4]")), 4), "expected a dimension"},
        {file_of(one(tensor("[1,1,1,1,1,1,1,1,1]", "[0,4]")), 4),
         "expected at most 8 dimensions, found more"},
        {file_of(one(tensor("[1]", "[0,4]", "F33")), 4),
         "tensor 't': expected a type of the format (F32, F16, BF16, F64, I8..., U8..., BOOL), found 'F33'"},
        {file_of(one(tensor("[1]", "[0,4]", "f32")), 4), "found 'f32'"},
        {file_of(one(tensor("[1]", "[0,4]", "")), 4), "found ''"},
        {file_of(one(tensor("[1]", "[0,4]", R"(F\u0033\u0032)")), 4), "expected a type without escapes"},
        {file_of(one(R"({"dtype":32})"), 4), "expected a type at byte 14, found '3'"},
    });
}

TEST(BadSafetensors, ErrorsArePrintableAndBounded) {
    const std::string name =
        repeat("\xc2\x9b", 50000);  // a control character of the second set: moves cursors
    const std::string file = file_of(R"({")" + name + R"(":)" + tensor("[2]", "[0,4]") + "}", 4);
    const std::string error = read_bytes(file).error;
    EXPECT_LT(error.size(), 300u);
    for (char c : error) EXPECT_TRUE(c >= 0x20 && c < 0x7f);

    std::vector<uint64_t> scratch(hardnet_safetensors_scratch(file.data(), file.size()) / 8);
    const hardnet_safetensors_visitor visitor{};
    char tiny[10] = "123456789";
    EXPECT_EQ(
        hardnet_safetensors_parse(file.data(), file.size(), scratch.data(), &visitor, tiny, sizeof tiny), -1);
    EXPECT_EQ(std::string(tiny), error.substr(0, 9));
    EXPECT_EQ(hardnet_safetensors_parse(file.data(), file.size(), scratch.data(), &visitor, nullptr, 0), -1);
}

// Every truncation of a good file is refused; every change of a header byte is refused or leaves a file whose
// tensors lie within it (read_bytes checks that), and a sanitizer sees any step outside.
TEST(BadSafetensors, EveryTruncationAndEveryChangedByte) {
    const std::string header = R"({"__metadata__":{"k":"\u00e9\n"},"a":)" + tensor("[2,1]", "[0,8]") +
                               R"(,"b":)" + tensor("[0]", "[8,8]") + R"(,"c":)" +
                               tensor("[]", "[8,16]", "I64") + "}  ";
    const std::string good = file_of(header, 16);
    ASSERT_EQ(read_bytes(good).error, "");
    for (size_t size = 0; size < good.size(); size++)
        EXPECT_NE(read_bytes(good.substr(0, size)).error, "") << size;

    int refused = 0, accepted = 0;
    for (size_t place = 0; place < 8 + header.size(); place++) {
        for (const char byte :
             {'\0', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '9', '-', ' ', 'u', '\x7f', '\xff'}) {
            std::string changed = good;
            changed[place] = byte;
            (read_bytes(changed).error.empty() ? accepted : refused)++;
        }
    }
    EXPECT_GT(refused, 3000);
    EXPECT_GT(accepted, 100);  // other letters in names, other spaces
}

}  // namespace
}  // namespace hardnet::testing
