#include "compiler/package/write_package.h"

#include <filesystem>
#include <map>

#include "compiler/package/cmake_files.h"
#include "compiler/package/libraries.h"
#include "compiler/package/make_manifest.h"
#include "compiler/package/text_file.h"
#include "compiler/package/weights.h"
#include "compiler/package/write_c.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

#if defined(__aarch64__)
constexpr char kHostPlatform[] = "aarch64-linux";
#else
constexpr char kHostPlatform[] = "x86_64-linux";
#endif

std::map<std::string, std::vector<const Plan *>> by_platform(const std::vector<Plan> &plans) {
    std::map<std::string, std::vector<const Plan *>> result;
    for (const Plan &p : plans) {
        if (!p.machine->gpu()) result[p.machine->platform].push_back(&p);
    }
    return result;
}

Status fill(const PackageContents &a, const fs::path &folder, CompileReport &report) {
    const PackageNames names{a.name, a.options.batch};
    Manifest manifest = make_manifest(a);
    if (Status s = write_text(folder / (a.name + ".h"), plan_header(a.model.network, names)); !s) return s;
    if (Status s =
            write_text(folder / (a.name + ".c"), plan_source(a.model.network, names, a.plans, a.modules));
        !s)
        return s;
    std::vector<std::string> sources = {a.name + ".c"};
    for (size_t p = 0; p < a.plans.size(); p++) {
        const Machine &machine = *a.plans[p].machine;
        if (!machine.gpu()) continue;
        sources.push_back(a.name + "_" + machine.level + ".c");
        if (Status s =
                write_text(folder / sources.back(), module_source(names, machine.level, a.modules[p].bytes));
            !s)
            return s;
    }
    if (Status s = write_text(folder / (a.name + "-config.cmake"),
                              cmake_config(a.name, !by_platform(a.plans).empty(), sources));
        !s)
        return s;

    size_t job = 0;
    std::error_code error;
    for (size_t p = 0; p < a.plans.size(); p++) {
        for (size_t k = 0; k < a.plans[p].kernels.size(); k++, job++) {
            manifest.levels[p].kernel_bytes += int64_t(fs::file_size(a.objects[job], error));
        }
        if (a.plans[p].machine->gpu()) {
            job += a.plans[p].gpu_kernels.size();
            manifest.levels[p].kernel_bytes = int64_t(a.modules[p].bytes.size());
        }
        report.kernel_bytes += manifest.levels[p].kernel_bytes;
    }
    for (const auto &[platform, plans] : by_platform(a.plans)) {
        std::vector<std::string> members;
        for (size_t j = 0; j < a.jobs.size(); j++) {
            if (a.jobs[j].machine->platform == platform) members.push_back(a.objects[j]);
        }
        fs::create_directories(folder / "lib" / platform, error);
        const fs::path archive = folder / "lib" / platform / ("lib" + a.name + ".a");
        if (Status s = write_archive(archive, members, *plans[0]->machine); !s) return s;
        if (platform != kHostPlatform) {
            report.notes.push_back("lib/" + platform +
                                   ": kernels only; docs/arm64.md says how a shared library is linked there");
        }
    }

    const auto all = by_platform(a.plans);
    if (all.count(kHostPlatform) || all.empty()) {  // a GPU's level alone is of any platform
        report.shared_library = link_shared_library(folder, kHostPlatform, a.name, sources, !all.empty());
        if (report.shared_library.empty())
            report.notes.push_back(
                "no shared library: the C compiler (cc) did not link one, so run, bench and verify cannot "
                "open "
                "the package");
    }

    if (Status s = write_weights(a, folder, manifest); !s) return s;
    return write_text(folder / (a.name + ".json"), to_json(manifest));
}

}  // namespace

Status write_package(const PackageContents &contents, const PackagePlace &place, CompileReport &report) {
    const fs::path &unfinished = place.unfinished;
    std::error_code error;
    fs::remove_all(unfinished, error);  // of a killed process of the same number
    fs::create_directories(unfinished, error);
    if (error)
        return environment_error(place.folder.string() +
                                 ": expected a writable folder, found: " + error.message());
    Status done = fill(contents, unfinished, report);
    if (done) done = put_in_place(place);
    fs::remove_all(unfinished, error);
    report.folder = place.folder.string();
    if (done) return done;
    Error failure = done.error();  // names files of the unfinished folder, which is gone
    const size_t at = failure.what.find(unfinished.string());
    if (at != std::string::npos) failure.what.replace(at, unfinished.string().size(), report.folder);
    return failure;
}

}  // namespace hardnet
