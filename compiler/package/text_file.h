// Files of a package that are written or read whole.
#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/result.h"

namespace hardnet {

inline Status write_text(const std::filesystem::path &path, const std::string &text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (file) return ok();
    return environment_error(path.string() + ": expected " + std::to_string(text.size()) +
                             " bytes written, found no room or no permission");
}

inline Result<std::string> read_text(const std::filesystem::path &path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return environment_error(path.string() + ": expected a readable file");
    return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace hardnet
