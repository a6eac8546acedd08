#include "compiler/package/place.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/folders.h"
#include "package/manifest.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

constexpr char kOurs[] = ".hardnet.";  // how names begin that are there while a package is made

std::string own_name(const char *what) { return kOurs + std::string(what) + "." + std::to_string(getpid()); }

// `path`, absolute, with every symbolic link followed, the last one too, also to where nothing is yet.
fs::path resolved(const fs::path &path, int &links_left) {
    if (path == path.root_path()) return path;
    const fs::path parent = resolved(path.parent_path(), links_left), name = path.filename();
    if (name.empty() || name == ".") return parent;
    if (name == "..") return parent.parent_path();
    std::error_code none;
    const fs::path target = fs::read_symlink(parent / name, none);
    if (none || links_left == 0) return parent / name;
    links_left--;
    return resolved(parent / target, links_left);
}

// What is nobody's content: ours, and what ext4 keeps in the root of a volume.
bool passed_over(const fs::path &name) { return name == "lost+found" || name.string().rfind(kOurs, 0) == 0; }

// The names in a folder, a manifest last.
std::vector<fs::path> names_in(const fs::path &folder, std::error_code &error) {
    std::vector<fs::path> names;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (!passed_over(at->path().filename())) names.push_back(at->path().filename());
    std::sort(names.begin(), names.end());
    std::stable_partition(names.begin(), names.end(),
                          [](const fs::path &n) { return n.extension() != ".json"; });
    return names;
}

// All of them or none.
void move_all(const std::vector<fs::path> &names, const fs::path &from, const fs::path &to,
              std::error_code &error) {
    for (size_t i = 0; i < names.size(); i++) {
        fs::rename(from / names[i], to / names[i], error);
        if (!error) continue;
        std::error_code ignored;
        while (i-- > 0) fs::rename(to / names[i], from / names[i], ignored);
        return;
    }
}

void exchange(const PackagePlace &place, std::error_code &error) {
    const std::vector<fs::path> names = names_in(place.unfinished, error);
    std::vector<fs::path> before = error ? names : names_in(place.folder, error);
    const fs::path old = place.folder / own_name("old");
    std::error_code ignored;
    fs::remove_all(old, ignored);  // of a killed process of the same number
    if (!error) fs::create_directory(old, error);
    if (error) return;
    std::reverse(before.begin(), before.end());  // a manifest goes first and comes last
    move_all(before, place.folder, old, error);
    if (!error) {
        move_all(names, place.unfinished, place.folder, error);
        std::reverse(before.begin(), before.end());
        if (error) move_all(before, old, place.folder, ignored);
    }
    if (error)
        fs::remove(old, ignored);  // only where all of it went back
    else
        fs::remove_all(old, ignored);
}

}  // namespace

Result<PackagePlace> package_place(const std::string &folder) {
    if (folder.empty()) return usage_error("output: expected a folder (-o DIR), found nothing");
    std::error_code error;
    constexpr int kMostLinks = 40;  // as Linux follows
    int links_left = kMostLinks;
    const fs::path target = resolved(fs::absolute(folder), links_left);
    if (links_left == 0) return usage_error(folder + ": expected a folder, found too many symbolic links");
    fs::path there = target;  // or what of it exists
    while (!fs::exists(there, error) && there != there.root_path()) there = there.parent_path();
    if (!fs::is_directory(there, error))
        return usage_error(there.string() + ": expected a folder, found a file");
    if (there == target && !names_in(target, error).empty() && !holds_package(target.string()))
        return usage_error(target.string() +
                           ": expected no folder, an empty one or a package, found other files");
    if (const std::string wrong = why_unwritable(there.string()); !wrong.empty())
        return environment_error(there.string() + ": expected a writable folder, found: " + wrong);
    const fs::path above = there == target ? target : target.parent_path();
    return PackagePlace{target, above / own_name(("new." + target.filename().string()).c_str())};
}

Status put_in_place(const PackagePlace &place) {
    std::error_code error;
    if (fs::exists(place.folder, error))  // by now, whatever was there before
        exchange(place, error);
    else
        fs::rename(place.unfinished, place.folder, error);
    if (!error) return ok();
    return environment_error(place.folder.string() + ": expected to be replaced, found: " + error.message());
}

}  // namespace hardnet
