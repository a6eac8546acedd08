#include "cli/files.h"

#include <filesystem>

namespace hardnet {

Status write_output(const std::string &path, const std::vector<Piece> &pieces) {
    std::error_code failed;
    const std::filesystem::file_status there = std::filesystem::status(path, failed);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
        return environment_error(path + ": expected a file to write, found " +
                                 (std::filesystem::is_directory(there) ? "a folder" : "a device or pipe"));
    return write_file(path, pieces);
}

}  // namespace hardnet
