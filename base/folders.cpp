#include "base/folders.h"

#include <fcntl.h>
#include <sys/file.h>
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

namespace {

// Of a folder, with this process's lock on it; -1 where another's keeps it out, or there is none. Children inherit the
// lock as long as they run no other program.
int locked(const std::string &folder, int wait) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0 || ::flock(descriptor, LOCK_EX | wait) == 0) return descriptor;
    ::close(descriptor);
    return -1;
}

// What owners that were killed left behind.
void remove_abandoned(const fs::path &above, const std::string &name) {
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(above, ignored)) {
        if (entry.path().filename().string().rfind(name, 0) != 0) continue;
        struct stat found {};
        if (::lstat(entry.path().c_str(), &found) != 0 || found.st_uid != ::geteuid()) continue;
        const int lock = locked(entry.path().string(), LOCK_NB);
        if (lock < 0) continue;
        fs::remove_all(entry.path(), ignored);
        ::close(lock);
    }
}

}  // namespace

TemporaryFolder::TemporaryFolder(const std::string &name) {
    std::error_code failed;
    fs::path above = fs::temp_directory_path(failed);
    if (failed) above = "/tmp";
    remove_abandoned(above, name);
    while (!make((above / (name + "XXXXXX")).string())) {
    }
}

// False where another process took the new folder for an abandoned one before it was locked.
bool TemporaryFolder::make(const std::string &pattern) {
    path_ = pattern;
    if (::mkdtemp(path_.data()) == nullptr) {
        fault_ = path_ + ": " + std::strerror(errno);
        return true;
    }
    lock_ = locked(path_, 0);
    std::error_code ignored;
    if (lock_ >= 0 && fs::exists(path_, ignored)) return true;
    ::close(lock_);
    return false;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    if (fault_.empty()) fs::remove_all(path_, ignored);
    ::close(lock_);
}

}  // namespace hardnet
