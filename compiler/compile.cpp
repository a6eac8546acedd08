#include "compiler/compile.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "Halide.h"
#include "compiler/kernel.h"
#include "compiler/planner.h"
#include "compiler/runtime_headers.h"
#include "compiler/write_c.h"
#include "package/manifest.h"
#include "weights/weights.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kCacheBytes = int64_t{1} << 30;  // hardnet68 for two levels is 2 MB

Status write_text(const fs::path &path, const std::string &text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) return environment_error(path.string() + ": expected " + std::to_string(text.size()) +
                                        " bytes written, found no room or no permission");
    return ok();
}

Result<std::string> read_text(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return environment_error(path.string() + ": expected a readable file");
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// ------------------------------------------------------------------------------------------------------- weights

struct Weights {
    FoldedWeights folded;
    std::vector<std::string> notes;
};

// Decides the class count, too, and with it the network.
Result<Weights> load_weights(const CompileRequest &request, Network &network) {
    HardnetRecord record = request.record;
    Checkpoint checkpoint;
    if (request.weights.rfind("seed:", 0) == 0) {
        const std::string digits = request.weights.substr(5);
        if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos) {
            return usage_error("weights: expected seed:N with a whole number N, found '" + request.weights + "'");
        }
        if (request.classes) record.classes = request.classes;
        auto built = build_network(record, request.size);
        if (!built) return built.error();
        network = *built;
        checkpoint = seeded_checkpoint(network, std::stoull(digits));
    } else {
        auto read = read_checkpoint(request.weights);
        if (!read) return read.error();
        auto classes = classes_in(*read);
        if (classes) record.classes = *classes;
        if (request.classes && classes && *classes != request.classes) {
            return bad_input(request.weights + ": expected " + std::to_string(request.classes) + " classes, found " +
                             std::to_string(*classes));
        }
        auto built = build_network(record, request.size);
        if (!built) return built.error();
        network = *built;
        auto renamed = with_author_keys(network, std::move(*read));
        if (!renamed) return renamed.error();
        checkpoint = std::move(*renamed);
    }
    auto folded = fold(network, checkpoint);
    if (!folded) return folded.error();
    return Weights{std::move(*folded), checkpoint.notes};
}

// --------------------------------------------------------------------------------------------------- the package

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
    try {
        Halide::create_static_library(objects, Halide::Target(machine.target), path.string(), true);
    } catch (const std::exception &e) {
        return environment_error(path.string() + ": expected a written archive, found: " + e.what());
    }
    return ok();
}

// Runs the host's C compiler in `folder`, so that nothing in the library says where it was made.
int run_compiler(const fs::path &folder, const std::vector<std::string> &arguments) {
    std::vector<char *> argv;
    for (const std::string &a : arguments) argv.push_back(const_cast<char *>(a.c_str()));
    argv.push_back(nullptr);
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(folder.c_str()) == 0) execvp(argv[0], argv.data());
        _exit(127);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Plan and kernels as a shared library that exports the network and nothing else: what run, bench and verify open.
std::string link_shared_library(const fs::path &folder, const std::string &platform, const std::string &name) {
    const fs::path headers = folder / "build";
    fs::create_directories(headers / "hardnet");
    bool written = bool(write_text(headers / "hardnet" / "hardnet.h", kHardnetHeader)) &&
                   bool(write_text(headers / "hardnet" / "plan.h", kPlanHeader)) &&
                   bool(write_text(headers / "exports", "{ global: " + name + "; local: *; };\n"));
    const std::string library = "lib/" + platform + "/lib" + name;
    const char *compiler = getenv("CC");
    int code = !written ? -1 : run_compiler(folder, {compiler && *compiler ? compiler : "cc", "-std=c99", "-O1", "-fPIC", "-shared", "-s",
                                     "-Ibuild", "-I.", "-Wl,--version-script=build/exports", "-Wl,--build-id=none",
                                     "-o", library + ".so", name + ".c", library + ".a"});
    std::error_code ignored;
    fs::remove_all(headers, ignored);
    return code == 0 ? library + ".so" : "";
}

std::string cmake_config(const std::string &name) {
    return "# find_package(" + name + ") gives " + name + "::" + name + ": the plan, compiled with the project's own compiler, and\n"
           "# the kernels of the platform that is built for.\n"
           "include(CMakeFindDependencyMacro)\n"
           "find_dependency(hardnet-runtime)\n"
           "if(NOT TARGET " + name + "::" + name + ")\n"
           "  string(TOLOWER ${CMAKE_SYSTEM_PROCESSOR} _processor)\n"
           "  if(_processor MATCHES \"aarch64|arm64\")\n"
           "    set(_platform aarch64-linux)\n"
           "  else()\n"
           "    set(_platform x86_64-linux)\n"
           "  endif()\n"
           "  set(_kernels ${CMAKE_CURRENT_LIST_DIR}/lib/${_platform}/lib" + name + ".a)\n"
           "  if(NOT EXISTS ${_kernels})\n"
           "    message(FATAL_ERROR \"" + name + ": expected kernels for ${_platform}, found none in ${CMAKE_CURRENT_LIST_DIR}/lib\")\n"
           "  endif()\n"
           "  add_library(" + name + " STATIC ${CMAKE_CURRENT_LIST_DIR}/" + name + ".c)\n"
           "  add_library(" + name + "::" + name + " ALIAS " + name + ")\n"
           "  target_include_directories(" + name + " PUBLIC ${CMAKE_CURRENT_LIST_DIR})\n"
           "  target_link_libraries(" + name + " PUBLIC hardnet::runtime ${_kernels})\n"
           "endif()\n";
}

Manifest make_manifest(const CompileRequest &request, const Network &network, const std::string &name, const Plans &plans) {
    Manifest m;
    m.name = name;
    m.record = request.record;
    m.record.classes = network.classes();
    m.height = network.input.height;
    m.width = network.input.width;
    m.batch = request.batch;
    m.classes = network.classes();
    if (int(request.record.class_names.size()) == m.classes) m.class_names = request.record.class_names;
    else m.record.class_names.clear();
    m.preprocessing = network.preprocessing;
    m.weights_source = request.weights.rfind("seed:", 0) == 0 ? request.weights : fs::path(request.weights).filename().string();
    m.halide_version = halide_version();
    for (const Plan &plan : plans) {
        const Machine &machine = *plan.machine;
        m.targets.push_back(machine.target);
        LevelInfo level;
        level.name = machine.level;
        level.target = machine.target;
        level.kernels = int64_t(plan.kernels.size());
        level.arena_bytes = 4 * plan.arena_elems;
        level.scratch_bytes = 4 * plan.scratch_elems;
        level.packed_weight_bytes = 4 * plan.weight_elems;
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

Status check_folder(const std::string &folder) {
    std::error_code error;
    if (folder.empty()) return usage_error("output: expected a folder (-o DIR), found nothing");
    if (!fs::exists(folder, error)) return ok();
    if (!fs::is_directory(folder, error)) return usage_error(folder + ": expected a folder, found a file");
    if (fs::is_empty(folder, error) || open_package(folder)) return ok();
    return usage_error(folder + ": expected no folder, an empty one or a package, found other files");
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

struct Assembly {
    const CompileRequest &request;
    const Network &network;
    std::string name;
    const Plans &plans;
    const FoldedWeights &weights;
    const std::vector<KernelJob> &jobs;
    const std::vector<std::string> &objects;
    CompileReport &report;
};

Status assemble(const Assembly &a, const fs::path &folder) {
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
        a.report.kernel_bytes += manifest.levels[p].kernel_bytes;
    }
    for (const auto &[platform, plans] : by_platform(a.plans)) {
        std::vector<std::string> members;
        for (size_t j = 0; j < a.jobs.size(); j++) {
            if (a.jobs[j].machine->platform == platform) members.push_back(a.objects[j]);
        }
        fs::create_directories(folder / "lib" / platform, error);
        const fs::path archive = folder / "lib" / platform / ("lib" + a.name + ".a");
        if (Status s = write_archive(archive, members, *plans[0]->machine); !s) return s;
        if (platform == "x86_64-linux") {
            a.report.shared_library = link_shared_library(folder, platform, a.name);
            if (a.report.shared_library.empty()) {
                a.report.notes.push_back("no shared library: the C compiler (cc) did not link one, so run, bench and verify cannot open the package");
            }
        }
    }

    const fs::path weights = folder / (a.name + ".safetensors");
    if (Status s = write_folded(weights.string(), a.network, a.weights, {{"network", a.name}}); !s) return s;
    auto content = read_text(weights);
    if (!content) return content.error();
    manifest.weights_hash = content_hash(*content);
    return write_text(folder / (a.name + ".json"), to_json(manifest));
}

}  // namespace

Result<CompileReport> compile_package(const CompileRequest &request) {
    const std::string name = request.name.empty() ? request.record.name : request.name;
    if (!is_package_name(name)) return usage_error("name: expected a C identifier of at most 64 characters, found '" + name + "'");
    if (request.batch < 1 || request.batch > 1024) {
        return usage_error("batch: expected 1 to 1024, found " + std::to_string(request.batch));
    }
    if (Status s = check_folder(request.folder); !s) return s.error();
    auto algorithm = algorithm_from_name(request.algorithm);
    if (!algorithm) return algorithm.error();
    std::vector<Machine> machines;
    for (const std::string &target : request.targets.empty() ? std::vector<std::string>{"host"} : request.targets) {
        auto some = machines_for(target);
        if (!some) return some.error();
        for (const Machine &m : *some) {
            auto same = [&](const Machine &o) { return o.target == m.target; };
            if (std::none_of(machines.begin(), machines.end(), same)) machines.push_back(m);
        }
    }

    CompileReport report;
    Network network;
    auto weights = load_weights(request, network);
    if (!weights) return weights.error();
    report.notes = weights->notes;

    Plans plans;
    for (const Machine &machine : machines) {
        auto plan = Planner(network, machine, *algorithm).run();
        if (!plan) return plan.error();
        plans.push_back(std::move(*plan));
    }
    std::vector<KernelJob> jobs;
    for (const Plan &plan : plans) {
        for (const KernelSpec &k : plan.kernels) jobs.push_back({&k, plan.machine, symbol(k, *plan.machine)});
    }
    const int workers = request.jobs > 0 ? request.jobs : std::max(1u, std::thread::hardware_concurrency());
    auto objects = emit_kernels(jobs, workers, request.progress);
    if (!objects) return objects.error();
    report.kernels = int(jobs.size());
    report.compiled = objects->compiled;

    const fs::path folder = fs::absolute(request.folder).lexically_normal();
    const fs::path target = folder.has_filename() ? folder : folder.parent_path();  // "packages/" ends in no name
    const fs::path unfinished = target.string() + ".new." + std::to_string(getpid());
    std::error_code error;
    fs::create_directories(unfinished, error);
    if (error) return environment_error(target.string() + ": expected a writable folder, found: " + error.message());
    Status done = assemble({request, network, name, plans, weights->folded, jobs, objects->paths, report}, unfinished);
    if (!done) {
        fs::remove_all(unfinished, error);
        return done.error();
    }
    if (Status s = replace(unfinished, target); !s) return s.error();
    if (objects->compiled) trim_cache(kCacheBytes);
    report.folder = target.string();
    return report;
}

}  // namespace hardnet
