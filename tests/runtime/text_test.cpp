// One-line texts: of the system's errors, the same on every libc.
#include <gtest/gtest.h>

#include <cerrno>
#include <climits>
#include <cstring>

// The runtime's inside is C11; what is needed of it here is this.
extern "C" const char *hardnet_error_text(int error, char *memory, size_t size);

namespace hardnet {
namespace {

std::string error_text(int error, size_t size) {
    char memory[64];
    std::memset(memory, 'x', sizeof memory);
    EXPECT_EQ(hardnet_error_text(error, memory, size), memory);
    EXPECT_EQ(memory[size], 'x');  // writes no further
    return memory;
}

TEST(Text, OfTheSystemsErrors) {
    EXPECT_EQ(error_text(ENOENT, 48), "No such file or directory");
    EXPECT_EQ(error_text(EINVAL, 48), "Invalid argument");
    EXPECT_EQ(error_text(EACCES, 48), "Permission denied");
}

TEST(Text, OfAnErrorThatNobodyKnows) {
    for (int error : {0, -1, 9999, INT_MIN, INT_MAX}) EXPECT_NE(error_text(error, 48), "") << error;
}

TEST(Text, ThatDoesNotFitIsCut) {
    EXPECT_LE(error_text(ENOENT, 8).size(), 7u);
    EXPECT_NE(error_text(ENOENT, 8), "");
    EXPECT_EQ(error_text(ENOENT, 1), "");
}

}  // namespace
}  // namespace hardnet
