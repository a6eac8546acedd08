#include "cli/find_pictures.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>

#include "vision/pictures/images.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;

using Counts = std::map<std::string, int>;  // of what was left out, by its kind

std::string extension_of(const fs::path &path) {
    std::string extension = path.extension().string();
    for (char &c : extension) c = char(std::tolower(static_cast<unsigned char>(c)));
    return extension;
}

bool is_picture_name(const fs::path &path) {
    constexpr std::array<std::string_view, 5> kExtensions = {".jpg", ".jpeg", ".png", ".webp", ".bmp"};
    return std::find(kExtensions.begin(), kExtensions.end(), extension_of(path)) != kExtensions.end();
}

// Why a file of a folder is no picture to run on; empty if it is one.
std::string reason_to_skip(const fs::path &path) {
    const Result<std::string> start = read_start(path.string(), kPictureKindBytes);  // not of a FIFO
    ByteView bytes(nullptr, 0);
    if (start) bytes = ByteView(reinterpret_cast<const uint8_t *>(start->data()), start->size());
    if (is_result_png(bytes)) return "written by an earlier run";
    const std::string_view kind = picture_kind(bytes);
    if (is_picture_name(path) || reads_picture(kind)) return {};
    if (!kind.empty()) return std::string(kind);
    const std::string extension = extension_of(path);
    return extension.empty() ? "without extension" : extension;
}

std::string reason_to_skip_folder(const fs::directory_entry &entry) {
    std::error_code failed;
    if (entry.is_symlink(failed)) return "linked folder";
    if (access(entry.path().c_str(), R_OK | X_OK) != 0) return "unreadable folder";
    return {};
}

// "3 GIF, 1 .txt", the most frequent first.
std::string text_of_counts(const Counts &counts) {
    std::vector<std::pair<int, std::string>> sorted;
    for (const auto &[kind, count] : counts) sorted.emplace_back(-count, kind);
    std::sort(sorted.begin(), sorted.end());
    std::string text;
    for (const auto &[count, kind] : sorted)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", -count, kind);
    return text;
}

Status find_below(const std::string &folder, FoundPictures &found) {
    std::vector<std::string> files;
    Counts skipped;
    std::error_code failed, unknown;
    if (access(folder.c_str(), R_OK | X_OK) != 0) failed = {errno, std::generic_category()};
    const auto options = fs::directory_options::skip_permission_denied;
    fs::recursive_directory_iterator at, end;
    if (!failed) at = fs::recursive_directory_iterator(folder, options, failed);
    for (; !failed && at != end; at.increment(failed)) {
        const bool is_folder = at->is_directory(unknown);
        const std::string reason = is_folder ? reason_to_skip_folder(*at) : reason_to_skip(at->path());
        if (!reason.empty())
            skipped[reason]++;
        else if (!is_folder)
            files.push_back(at->path().string());
    }
    if (failed) return environment_error(folder + ": expected a readable folder, found: " + failed.message());
    if (files.empty())
        return bad_input(folder + ": expected " + kReadPictures + " files, found " +
                         (skipped.empty() ? "none" : "only " + text_of_counts(skipped)));
    std::sort(files.begin(), files.end());
    found.files.insert(found.files.end(), files.begin(), files.end());
    if (!skipped.empty()) found.skipped.push_back(folder + ": skipped " + text_of_counts(skipped));
    return ok();
}

}  // namespace

Result<FoundPictures> find_pictures(const std::vector<std::string> &paths) {
    FoundPictures found;
    for (const std::string &path : paths) {
        std::error_code failed;
        if (!fs::is_directory(path, failed))
            found.files.push_back(path);
        else if (const Status status = find_below(path, found); !status)
            return status.error();
    }
    return found;
}

}  // namespace hardnet
