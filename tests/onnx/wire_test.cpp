// The wire format: fields by number and type, and each way in which bytes are none.
#include "onnx/wire.h"

#include <gtest/gtest.h>

#include "tests/onnx/files.h"
#include "tests/onnx/writer.h"

namespace hardnet::testing {
namespace {

std::string fault_of(const std::string &bytes) {
    WireReader wire(view_of(bytes), view_of(bytes));
    WireField field;
    while (wire.next(field)) {
    }
    return wire.fault();
}

TEST(Wire, GivesFieldsByNumberAndType) {
    const std::string bytes =
        Message().number(1, 300).real(2, 1.5f).text(536870911, "abc").number(3, -1).bytes;
    WireReader wire(view_of(bytes), view_of(bytes));
    WireField field;
    ASSERT_TRUE(wire.next(field));
    EXPECT_EQ(field.number, 1u);
    EXPECT_EQ(field.type, WireType::kVarint);
    EXPECT_EQ(field.value, 300u);
    ASSERT_TRUE(wire.next(field));
    EXPECT_EQ(field.type, WireType::kFixed32);
    EXPECT_EQ(field.value, 0x3fc00000u);
    ASSERT_TRUE(wire.next(field));
    EXPECT_EQ(field.number, 536870911u);
    EXPECT_EQ(std::string(field.bytes.begin(), field.bytes.end()), "abc");
    ASSERT_TRUE(wire.next(field));
    EXPECT_EQ(field.value, ~uint64_t{0});
    EXPECT_FALSE(wire.next(field));
    EXPECT_EQ(wire.fault(), "");
}

TEST(Wire, NamesFaultsAndTheirPlaces) {
    const std::string many(9, '\xff');
    EXPECT_EQ(fault_of("\x08"), "byte 1: expected a varint, found the message's end within it");
    EXPECT_EQ(fault_of("\x08\xff"), "byte 1: expected a varint, found the message's end within it");
    EXPECT_EQ(fault_of("\x08" + many + "\x01"), "");
    EXPECT_EQ(fault_of("\x08" + many + "\x02"), "byte 1: expected a varint of at most 64 bits, found more");
    EXPECT_EQ(fault_of("\x08" + many + "\xff\x01"),
              "byte 1: expected a varint of at most 64 bits, found more");
    EXPECT_EQ(fault_of(std::string("\x08\x81\x00", 3)),
              "byte 1: expected a varint of the fewest bytes, found a longer one");
    EXPECT_EQ(fault_of(std::string("\x00\x00", 2)),
              "byte 1: expected a field's number from 1 to 536870911, found 0");
    EXPECT_EQ(fault_of(varint(uint64_t{1} << 32)),
              "byte 5: expected a field's number from 1 to 536870911, found 536870912");
    EXPECT_EQ(fault_of("\x0a\x03"
                       "ab"),
              "byte 2: expected a length of at most 2, found 3");
    EXPECT_EQ(fault_of("\x0a" + many +
                       "\x01"
                       "ab"),
              "byte 11: expected a length of at most 2, found 18446744073709551615");
    EXPECT_EQ(fault_of("\x0d"
                       "abc"),
              "byte 1: expected 4 bytes, found 3");
    EXPECT_EQ(fault_of("\x09"
                       "abcdefg"),
              "byte 1: expected 8 bytes, found 7");
    for (const char *tag : {"\x0b", "\x0c", "\x0e", "\x0f"})  // groups, and types that there are not
        EXPECT_NE(fault_of(tag).find("expected a wire type of 0, 1, 2 or 5 (no groups), found"),
                  std::string::npos);
}

}  // namespace
}  // namespace hardnet::testing
