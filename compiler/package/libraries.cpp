#include "compiler/package/libraries.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/child.h"
#include "compiler/emission/kernel.h"
#include "compiler/package/runtime_headers.h"
#include "compiler/package/text_file.h"

namespace hardnet {
namespace fs = std::filesystem;

Status write_archive(const fs::path &path, std::vector<std::string> objects, const Machine &machine) {
    std::sort(objects.begin(), objects.end());
    objects.erase(std::unique(objects.begin(), objects.end()), objects.end());
    const Result<ChildEnd> end = run_in_child([&] {
        silence_stderr();
        create_archive(objects, machine, path.string());
        return 0;
    });
    if (!end) return end.error();
    if (end->good()) return ok();
    return environment_error(path.string() + ": expected an archive of " + std::to_string(objects.size()) +
                             " kernels written, found no room or no permission");
}

namespace {

// Runs the host's C compiler in `folder`, so that nothing in the library says where it was made. True where it
// ended well.
bool run_compiler(const fs::path &folder, const std::vector<std::string> &arguments) {
    std::vector<char *> argv;
    for (const std::string &a : arguments) argv.push_back(const_cast<char *>(a.c_str()));
    argv.push_back(nullptr);
    const Result<ChildEnd> end = run_in_child([&] {
        if (chdir(folder.c_str()) == 0) execvp(argv[0], argv.data());
        return 127;
    });
    return end && end->good();
}

}  // namespace

std::string link_shared_library(const fs::path &folder, const std::string &platform, const std::string &name,
                                const std::vector<std::string> &sources, bool archive) {
    const fs::path headers = folder / "build";
    fs::create_directories(headers / "hardnet");
    bool written = bool(write_text(headers / "hardnet" / "hardnet.h", kHardnetHeader)) &&
                   bool(write_text(headers / "hardnet" / "plan.h", kPlanHeader)) &&
                   bool(write_text(headers / "exports", "{ global: " + name + "; local: *; };\n"));
    const std::string library = "lib/" + platform + "/lib" + name;
    std::error_code ignored;
    fs::create_directories(folder / "lib" / platform, ignored);
    const char *compiler = getenv("CC");
    std::vector<std::string> arguments = {compiler && *compiler ? compiler : "cc",
                                          "-std=c99",
                                          "-O1",
                                          "-fPIC",
                                          "-shared",
                                          "-s",
                                          "-Ibuild",
                                          "-I.",
                                          "-Wl,--version-script=build/exports",
                                          "-Wl,--build-id=none",
                                          "-o",
                                          library + ".so"};
    arguments.insert(arguments.end(), sources.begin(), sources.end());
    if (archive) arguments.push_back(library + ".a");
    const bool linked = written && run_compiler(folder, arguments);
    fs::remove_all(headers, ignored);
    return linked ? library + ".so" : "";
}

}  // namespace hardnet
