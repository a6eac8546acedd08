#include "compiler/package/write_package.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "Halide.h"
#include "compiler/emission/child.h"
#include "compiler/package/prepack.h"
#include "compiler/package/write_c.h"
#include "compiler/runtime_headers.h"
#include "package/manifest.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

#if defined(__aarch64__)
constexpr char kHostPlatform[] = "aarch64-linux";
#else
constexpr char kHostPlatform[] = "x86_64-linux";
#endif

Status write_text(const fs::path &path, const std::string &text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file)
        return environment_error(path.string() + ": expected " + std::to_string(text.size()) +
                                 " bytes written, found no room or no permission");
    return ok();
}

Result<std::string> read_text(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return environment_error(path.string() + ": expected a readable file");
    return std::string(std::istreambuf_iterator<char>(file), {});
}

using Plans = std::vector<Plan>;

std::map<std::string, std::vector<const Plan *>> by_platform(const Plans &plans) {
    std::map<std::string, std::vector<const Plan *>> result;
    for (const Plan &p : plans) result[p.machine->platform].push_back(&p);
    return result;
}

// The static library of one platform: an object per kernel, sorted, without times or owners.
Status write_archive(const fs::path &path, std::vector<std::string> objects, const Machine &machine) {
    std::sort(objects.begin(), objects.end());
    objects.erase(std::unique(objects.begin(), objects.end()), objects.end());
    const Result<ChildEnd> end = run_in_child([&] {
        silence_stderr();
        Halide::create_static_library(objects, Halide::Target(machine.target), path.string(), true);
        return 0;
    });
    if (!end) return end.error();
    if (end->good()) return ok();
    return environment_error(path.string() + ": expected an archive of " + std::to_string(objects.size()) +
                             " kernels written, found no room or no permission");
}

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

// Plan and kernels as a shared library that exports the network and nothing else: what run, bench and verify
// open.
std::string link_shared_library(const fs::path &folder, const std::string &platform,
                                const std::string &name) {
    const fs::path headers = folder / "build";
    fs::create_directories(headers / "hardnet");
    bool written = bool(write_text(headers / "hardnet" / "hardnet.h", kHardnetHeader)) &&
                   bool(write_text(headers / "hardnet" / "plan.h", kPlanHeader)) &&
                   bool(write_text(headers / "exports", "{ global: " + name + "; local: *; };\n"));
    const std::string library = "lib/" + platform + "/lib" + name;
    const char *compiler = getenv("CC");
    const bool linked =
        written &&
        run_compiler(folder, {compiler && *compiler ? compiler : "cc", "-std=c99", "-O1", "-fPIC", "-shared",
                              "-s", "-Ibuild", "-I.", "-Wl,--version-script=build/exports",
                              "-Wl,--build-id=none", "-o", library + ".so", name + ".c", library + ".a"});
    std::error_code ignored;
    fs::remove_all(headers, ignored);
    return linked ? library + ".so" : "";
}

std::string cmake_config(const std::string &name) {
    std::string text =
        R"cmake(# find_package(@NAME@) gives @NAME@::@NAME@: the plan, compiled with the project's own compiler, and
# the kernels of the platform that is built for.
include(CMakeFindDependencyMacro)
find_dependency(hardnet-runtime)
if(NOT TARGET @NAME@::@NAME@)
  get_property(_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "C" IN_LIST _languages)
    enable_language(C) # of the plan, for a project that is all C++
  endif()
  string(TOLOWER ${CMAKE_SYSTEM_PROCESSOR} _processor)
  if(_processor MATCHES "aarch64|arm64")
    set(_platform aarch64-linux)
  else()
    set(_platform x86_64-linux)
  endif()
  set(_kernels ${CMAKE_CURRENT_LIST_DIR}/lib/${_platform}/lib@NAME@.a)
  if(NOT EXISTS ${_kernels})
    set(@NAME@_NOT_FOUND_MESSAGE "expected kernels for ${_platform}, found none in ${CMAKE_CURRENT_LIST_DIR}/lib")
    set(@NAME@_FOUND FALSE)
    return()
  endif()
  add_library(@NAME@ STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/@NAME@.c)
  add_library(@NAME@::@NAME@ ALIAS @NAME@)
  set_target_properties(@NAME@ PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(@NAME@ PUBLIC ${CMAKE_CURRENT_LIST_DIR})
  target_link_libraries(@NAME@ PUBLIC hardnet::runtime ${_kernels})
endif()
)cmake";
    const std::string mark = "@NAME@";
    for (size_t at; (at = text.find(mark)) != std::string::npos;) text.replace(at, mark.size(), name);
    return text;
}

Manifest make_manifest(const CompileRequest &request, const Network &network, const std::string &name,
                       const Plans &plans) {
    Manifest m;
    m.name = name;
    m.record = request.record;
    m.record.classes = network.classes;
    m.height = network.input.height;
    m.width = network.input.width;
    m.batch = request.batch;
    m.classes = network.classes;
    if (int(request.record.class_names.size()) == m.classes)
        m.class_names = request.record.class_names;
    else
        m.record.class_names.clear();
    m.preprocessing = network.preprocessing;
    m.weights_source = request.weights.rfind("seed:", 0) == 0 ? request.weights
                                                              : fs::path(request.weights).filename().string();
    m.halide_version = halide_version();
    for (const Plan &plan : plans) {
        const Machine &machine = *plan.machine;
        m.targets.push_back(machine.target);
        LevelInfo level;
        level.name = machine.level;
        level.target = machine.target;
        level.kernels = int64_t(plan.kernels.size());
        level.arena_bytes = plan.arena_bytes;
        level.scratch_bytes = plan.scratch_bytes;
        level.packed_weight_bytes = plan.weight_bytes;
        level.transform_bytes = plan.transform_bytes;
        m.levels.push_back(level);
        for (size_t l = 0; l < network.layers.size(); l++) {
            LayerInfo info;
            info.layer = network.layers[l].name;
            info.level = machine.level;
            info.algorithm = plan.choices[l].algorithm;
            info.blocks = plan.choices[l].blocks;
            info.error_bound = 5e-6;  // a layer's own inputs carry the errors of all layers before it
            m.layers.push_back(info);
        }
    }
    return m;
}

// Puts the finished package in place of what was there, which goes only then.
Status replace(const fs::path &finished, const fs::path &folder) {
    std::error_code error;
    const fs::path old = folder.string() + ".old." + std::to_string(getpid());
    bool existed = fs::exists(folder, error);
    if (existed) fs::rename(folder, old, error);
    if (!error) fs::rename(finished, folder, error);
    if (error) {
        std::error_code ignored;
        if (existed && !fs::exists(folder, ignored)) fs::rename(old, folder, ignored);
        fs::remove_all(finished, ignored);
        return environment_error(folder.string() + ": expected to be replaced, found: " + error.message());
    }
    fs::remove_all(old, error);
    return ok();
}

// The folded weights, which name themselves by the hash of their values, and what --prepack asks for.
Status write_weights(const PackageContents &a, const fs::path &folder, Manifest &manifest) {
    std::string values;
    for (const FoldedLayer &layer : a.weights.layers) {
        for (const FloatTensor *t : {&layer.weight, &layer.bias})
            values.append(reinterpret_cast<const char *>(t->values.data()), t->values.size() * sizeof(float));
    }
    const std::string content = content_hash(values);
    const fs::path path = folder / (a.name + ".safetensors");
    if (Status s =
            write_folded(path.string(), a.network, a.weights, {{"content", content}, {"network", a.name}});
        !s)
        return s;
    auto file = read_text(path);
    if (!file) return file.error();
    manifest.weights_hash = content_hash(*file);
    const Package package{folder.string(), manifest};
    for (const Plan &plan : a.plans) {
        const std::string &level = plan.machine->level;
        if (!std::count(a.request.prepack.begin(), a.request.prepack.end(), level)) continue;
        if (Status s = write_prepacked(package.prepacked_path(level), a.name, a.network, plan, path.string(),
                                       content);
            !s)
            return s;
    }
    return ok();
}

Status fill(const PackageContents &a, const fs::path &folder, CompileReport &report) {
    const PackageNames names{a.name, a.request.batch};
    Manifest manifest = make_manifest(a.request, a.network, a.name, a.plans);
    if (Status s = write_text(folder / (a.name + ".h"), plan_header(a.network, names)); !s) return s;
    if (Status s = write_text(folder / (a.name + ".c"), plan_source(a.network, names, a.plans)); !s) return s;
    if (Status s = write_text(folder / (a.name + "-config.cmake"), cmake_config(a.name)); !s) return s;

    size_t job = 0;
    std::error_code error;
    for (size_t p = 0; p < a.plans.size(); p++) {
        for (size_t k = 0; k < a.plans[p].kernels.size(); k++, job++) {
            manifest.levels[p].kernel_bytes += int64_t(fs::file_size(a.objects[job], error));
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
        if (platform == kHostPlatform) {
            report.shared_library = link_shared_library(folder, platform, a.name);
            if (report.shared_library.empty()) {
                report.notes.push_back(
                    "no shared library: the C compiler (cc) did not link one, so run, bench and verify "
                    "cannot open the package");
            }
        } else {
            report.notes.push_back("lib/" + platform +
                                   ": kernels only; docs/arm64.md says how a shared library is linked there");
        }
    }

    if (Status s = write_weights(a, folder, manifest); !s) return s;
    return write_text(folder / (a.name + ".json"), to_json(manifest));
}

}  // namespace

Status check_package_folder(const std::string &folder) {
    std::error_code error;
    if (folder.empty()) return usage_error("output: expected a folder (-o DIR), found nothing");
    if (!fs::exists(folder, error)) return ok();
    if (!fs::is_directory(folder, error)) return usage_error(folder + ": expected a folder, found a file");
    if (fs::is_empty(folder, error) || open_package(folder)) return ok();
    return usage_error(folder + ": expected no folder, an empty one or a package, found other files");
}

Status write_package(const PackageContents &contents, CompileReport &report) {
    const fs::path folder = fs::absolute(contents.request.folder).lexically_normal();
    const fs::path target =
        folder.has_filename() ? folder : folder.parent_path();  // "packages/" ends in no name
    const fs::path unfinished = target.string() + ".new." + std::to_string(getpid());
    std::error_code error;
    fs::create_directories(unfinished, error);
    if (error)
        return environment_error(target.string() + ": expected a writable folder, found: " + error.message());
    Status done = fill(contents, unfinished, report);
    if (done) done = replace(unfinished, target);
    fs::remove_all(unfinished, error);
    report.folder = target.string();
    if (done) return done;
    Error failure = done.error();  // names files of the unfinished folder, which is gone
    const size_t at = failure.what.find(unfinished.string());
    if (at != std::string::npos) failure.what.replace(at, unfinished.string().size(), target.string());
    return failure;
}

}  // namespace hardnet
