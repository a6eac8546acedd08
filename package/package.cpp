// Finding and opening a package in a folder.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "package/manifest.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kMaxManifestBytes = 16u << 20;  // hardnet68's for four levels is 0.1 MB

#if defined(__aarch64__)
constexpr const char *kHost = "aarch64-linux";
#else
constexpr const char *kHost = "x86_64-linux";
#endif

Result<fs::path> find_manifest(const std::string &folder) {
    std::error_code failed;
    const fs::file_status status = fs::status(folder, failed);
    if (!fs::exists(status)) return bad_input(folder + ": expected a package's folder, found nothing there");
    if (!fs::is_directory(status)) return bad_input(folder + ": expected a package's folder, found a file");
    std::vector<fs::path> manifests;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
        const fs::path &path = at->path();
        if (path.extension() == ".json" && is_package_name(path.stem().string()) &&
            at->is_regular_file(failed))
            manifests.push_back(path);
    }
    if (failed) return environment_error(folder + ": expected a readable folder, found: " + failed.message());
    if (manifests.empty())
        return bad_input(folder + ": expected a package's manifest (NAME.json), found none");
    if (manifests.size() == 1) return manifests.front();
    std::sort(manifests.begin(), manifests.end());
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min<size_t>(manifests.size(), 10); i++)
        names.push_back(manifests[i].filename().string());
    return bad_input(folder + ": expected one package's manifest, found " + std::to_string(manifests.size()),
                     names);
}

}  // namespace

std::string Package::library_path() const {
    return folder + "/lib/" + kHost + "/lib" + manifest.name + ".so";
}

bool holds_package(const std::string &folder) {
    const Result<fs::path> manifest = find_manifest(folder);
    if (!manifest) return false;
    const auto beside = [&](const char *extension) {
        std::error_code none;
        return fs::is_regular_file(fs::path(*manifest).replace_extension(extension), none);
    };
    return beside(".c") && beside(".h") && beside(".safetensors");
}

Result<Package> open_package(const std::string &folder) {
    const Result<fs::path> path = find_manifest(folder);
    if (!path) return path.error();
    std::error_code failed;
    const uintmax_t bytes = fs::file_size(*path, failed);
    if (failed)
        return environment_error(path->string() + ": expected a readable file, found: " + failed.message());
    if (bytes > kMaxManifestBytes)
        return bad_input(path->string() + ": expected at most " + std::to_string(kMaxManifestBytes) +
                         " bytes, found " + std::to_string(bytes));
    std::ifstream file(*path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file)
        return environment_error(path->string() +
                                 ": expected a readable file, found one that cannot be read");
    Result<Manifest> manifest = manifest_from_json(text, path->string());
    if (!manifest) return manifest.error();
    if (manifest->name != path->stem().string())
        return bad_input(path->string() + ": expected the name \"" + path->stem().string() + "\", found \"" +
                         manifest->name + "\"");
    return Package{folder, *manifest};
}

}  // namespace hardnet
