#include "compiler/emission/cache.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <vector>

#include "base/folders.h"
#include "compiler/emission/kernel.h"

namespace hardnet {
namespace fs = std::filesystem;

std::string cache_folder() {
    if (const char *folder = getenv("HARDNET_CACHE"); folder && *folder) return folder;
    if (const char *xdg = getenv("XDG_CACHE_HOME"); xdg && *xdg) return std::string(xdg) + "/hardnet";
    const char *home = getenv("HOME");
    return std::string(home ? home : "/tmp") + "/.cache/hardnet";
}

namespace {

// Makes the cache's folder; why it cannot be written, or "".
std::string make_cache(const std::string &folder) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    return failed ? failed.message() : why_unwritable(folder);
}

}  // namespace

Result<ObjectFolder> object_folder() {
    const std::string cache = cache_folder(), wrong = make_cache(cache);
    if (wrong.empty()) return ObjectFolder{cache, ""};
    static const TemporaryFolder temporary("hardnet_objects_");
    if (!temporary.fault().empty())
        return environment_error("cache: expected a writable folder, found " + cache + ": " + wrong +
                                 ", nor a temporary one (" + temporary.fault() +
                                 "); HARDNET_CACHE names another");
    return ObjectFolder{temporary.path(), "cache: " + cache + " cannot be written (" + wrong +
                                              "), so no kernel is kept; HARDNET_CACHE names another folder"};
}

namespace {

struct CachedObject {
    fs::file_time_type used;
    int64_t bytes = 0;
    fs::path path;
};

// As they are now: other processes use, add and remove objects meanwhile.
std::vector<CachedObject> cached_objects() {
    std::vector<CachedObject> objects;
    std::error_code error;
    for (fs::directory_iterator entry(cache_folder(), error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().filename().string().rfind("hardnet_", 0) != 0) continue;
        std::error_code gone;
        const fs::file_time_type used = fs::last_write_time(entry->path(), gone);
        const uintmax_t bytes = gone ? 0 : fs::file_size(entry->path(), gone);
        if (!gone) objects.push_back({used, int64_t(bytes), entry->path()});
    }
    return objects;
}

int64_t total_bytes(const std::vector<CachedObject> &objects) {
    return std::accumulate(objects.begin(), objects.end(), int64_t{0},
                           [](int64_t sum, const CachedObject &object) { return sum + object.bytes; });
}

}  // namespace

int64_t cache_size() { return total_bytes(cached_objects()); }

int64_t trim_cache(int64_t bytes) {
    std::vector<CachedObject> objects = cached_objects();
    std::sort(objects.begin(), objects.end(),
              [](const CachedObject &a, const CachedObject &b) { return a.used < b.used; });
    int64_t left = total_bytes(objects), removed = 0;
    std::error_code error;
    for (const CachedObject &object : objects) {
        if (left <= bytes) break;
        if (fs::remove(object.path, error)) left -= object.bytes, removed += object.bytes;
    }
    return removed;
}

}  // namespace hardnet
