// Files that are handed in as checkpoints and are none: named, so that nobody searches for what is wrong with them.
#pragma once
#include <string>

namespace hardnet {

constexpr size_t kFileKindBytes = 512;  // of a file's start, as many as file_kind looks at

// What a file with that start and name is: "a Git LFS pointer"..., with what to do; "" where it may be a checkpoint.
std::string file_kind(const std::string &start, const std::string &path);

}  // namespace hardnet
