// A platform's libraries: the archive of its kernels and, for the host, plan and kernels as one shared library.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "schedules/machine.h"

namespace hardnet {

// The static library of one platform: an object per kernel, sorted, without times or owners.
Status write_archive(const std::filesystem::path &path, std::vector<std::string> objects,
                     const Machine &machine);

// Plan and kernels as a shared library that exports the network and nothing else: what run, bench and verify open. Of the
// folder's C sources, and with the platform's archive where there is one. Gives its path in the package; empty where the C
// compiler did not link it.
std::string link_shared_library(const std::filesystem::path &folder, const std::string &platform,
                                const std::string &name, const std::vector<std::string> &sources,
                                bool archive);

}  // namespace hardnet
