#include "base/folders.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace hardnet {
namespace fs = std::filesystem;

std::string why_unwritable(const std::string &folder) {
    const std::string trial = folder + "/.hardnet.trial." + std::to_string(::getpid());
    if (::mkdir(trial.c_str(), 0700) != 0 && errno != EEXIST) return std::strerror(errno);
    ::rmdir(trial.c_str());  // or another one that asks at this moment did
    return "";
}

std::string data_folder() {
    if (const char *xdg = getenv("XDG_DATA_HOME"); xdg && *xdg == '/') return std::string(xdg) + "/hardnet";
    const char *home = getenv("HOME");
    return std::string(home ? home : "/tmp") + "/.local/share/hardnet";
}

TemporaryFolder::TemporaryFolder(const std::string &name) {
    std::error_code failed;
    const fs::path above = fs::temp_directory_path(failed);
    path_ = ((failed ? fs::path("/tmp") : above) / (name + "XXXXXX")).string();
    if (mkdtemp(path_.data()) == nullptr) fault_ = path_ + ": " + std::strerror(errno);
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    if (fault_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace hardnet
