#include "base/folders.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hardnet {

std::string why_unwritable(const std::string &folder) {
    const std::string trial = folder + "/.hardnet.trial." + std::to_string(::getpid());
    if (::mkdir(trial.c_str(), 0700) != 0 && errno != EEXIST) return std::strerror(errno);
    ::rmdir(trial.c_str());  // or another one that asks at this moment did
    return "";
}

}  // namespace hardnet
