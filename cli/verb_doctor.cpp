// hardnet doctor: what works on this machine, and what to install for the rest.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/child.h"
#include "base/date.h"
#include "base/files.h"
#include "base/folders.h"
#include "cli/devices.h"
#include "cli/machine_limits.h"
#include "cli/verbs.h"
#include "hardnet/hardnet.h"
#include "runtime/inspect.h"
#include "weights/torch_file.h"
#ifdef HARDNET_WITH_COMPILER
#include "compiler/emission/kernel.h"
#endif

namespace hardnet {
namespace {

struct DoctorOptions {
    bool json = false, clear_cache = false;
    std::optional<std::string> measured;  // a file for what is measured; "": the user's own
};

struct Level {
    const char *name;
    uint32_t features;
};
// The levels that packages are compiled for, best first.
constexpr Level kLevels[] = {
    {"zen4", HARDNET_ZEN4_FEATURES},   {"avx512", HARDNET_AVX512_FEATURES},   {"avx2", HARDNET_AVX2_FEATURES},
    {"sse41", HARDNET_SSE41_FEATURES}, {"dotprod", HARDNET_DOTPROD_FEATURES}, {"neon", HARDNET_NEON_FEATURES},
};

struct Tool {
    const char *name, *needed_for, *package;
};
constexpr Tool kTools[] = {
    {"cc", "linking a package's shared library", "gcc"},
    {"cmake", "using a package in a project", "cmake"},
    {"aarch64-linux-gnu-gcc", "building programs for ARM64 here", "gcc-aarch64-linux-gnu"},
    {"qemu-aarch64", "running programs for ARM64 here", "qemu-user"},
};

std::string feature_names(uint32_t features) {
    char text[200];
    hardnet_feature_names(features, text, sizeof(text));
    return text;
}

nlohmann::ordered_json examine() {
    const hardnet_host host = hardnet_this_host();
    nlohmann::ordered_json json = {{"version", hardnet_version()}};
    json["cpu"] = {{"features", feature_names(host.features)}, {"processors", host.processors}};
    json["levels"] = nlohmann::ordered_json::array();
    for (const Level &level : kLevels)
        json["levels"].push_back({{"name", level.name},
                                  {"runs", (host.features & level.features) == level.features},
                                  {"missing", feature_names(level.features & ~host.features)}});
    json["cuda"] = cuda_devices(host);
    json["opencl"] = opencl_devices(host);
    json["tools"] = nlohmann::ordered_json::array();
    for (const Tool &tool : kTools)
        json["tools"].push_back({{"name", tool.name},
                                 {"for", tool.needed_for},
                                 {"path", find_program(tool.name)},
                                 {"install", fmt::format("apt-get install {}", tool.package)}});
    json["tools"].push_back({{"name", "python3 with PyTorch"},
                             {"for", "reading .pth checkpoints"},
                             {"path", python_with_torch()},
                             {"install", "apt-get install python3-torch"}});
#ifdef HARDNET_WITH_COMPILER
    json["compiler"] = {{"built_in", true}, {"halide", halide_version()}};
    json["cache"] = {{"folder", cache_folder()}, {"bytes", cache_size()}};
#else
    json["compiler"] = {{"built_in", false}};
#endif
    return json;
}

void print_text(const nlohmann::ordered_json &json) {
    std::string text = fmt::format(
        "hardnet {}\n\ncpu: {}; {} processors for this process\n", json["version"].get<std::string>(),
        json["cpu"]["features"].get<std::string>(), json["cpu"]["processors"].get<int>());
    for (const auto &level : json["levels"])
        text += level["runs"].get<bool>()
                    ? fmt::format("  {:<22}  runs\n", level["name"].get<std::string>())
                    : fmt::format("  {:<22}  does not run: no {}\n", level["name"].get<std::string>(),
                                  level["missing"].get<std::string>());
    text += cuda_text(json["cuda"]) + opencl_text(json["opencl"]) + "\ntools:\n";
    for (const auto &tool : json["tools"]) {
        const std::string path = tool["path"].get<std::string>();
        text += fmt::format("  {:<22}  {}\n", tool["name"].get<std::string>(),
                            path.empty() ? fmt::format("missing, for {}: {}", tool["for"].get<std::string>(),
                                                       tool["install"].get<std::string>())
                                         : path);
    }
    if (json["compiler"]["built_in"].get<bool>())
        text += fmt::format("\ncompiler: Halide {}\ncache: {}, {:.1f} MiB (hardnet doctor --clear-cache)\n",
                            json["compiler"]["halide"].get<std::string>(),
                            json["cache"]["folder"].get<std::string>(),
                            json["cache"]["bytes"].get<double>() / (1 << 20));
    else
        text +=
            "\ncompiler: not built in (configure with -DHARDNET_WITH_COMPILER=ON, which needs Halide 21)\n";
    std::fputs(text.c_str(), stdout);
}

Result<ExitCode> clear_cache() {
#ifdef HARDNET_WITH_COMPILER
    const int64_t removed = trim_cache(0);
    std::fputs(fmt::format("{}: {} bytes removed\n", cache_folder(), removed).c_str(), stdout);
    return ExitCode::kOk;
#else
    return environment_error(
        "doctor: --clear-cache: expected a program with the compiler, found one without");
#endif
}

Result<ExitCode> measure(const std::string &file) {
    const std::string path = file.empty() ? machine_record_path() : file;
    const std::filesystem::path above = std::filesystem::absolute(path).parent_path();
    std::error_code failed;
    if (file.empty()) std::filesystem::create_directories(above, failed);
    if (const std::string why = failed ? failed.message() : why_unwritable(above.string()); !why.empty())
        return environment_error(path + ": expected a folder that can be written, found: " + why);
    const hardnet_host host = hardnet_this_host();
    std::vector<std::string> levels;
    for (const Level &level : kLevels)
        if ((host.features & level.features) == level.features) levels.push_back(level.name);
    if (levels.empty())
        return environment_error("doctor: --measure: expected a CPU with SSE4.1 or NEON, found one without");
    MachineRecord record = measure_machine(levels, host.processors);
    record.version = hardnet_version();
    record.date = utc_date();
    const std::string text = machine_record_text(record);
    if (const Status written = write_file(path, {{text.data(), text.size()}}); !written)
        return written.error();
    std::fputs(
        fmt::format(
            "{}: {}, {:.2f} GHz; one core {:.0f} GFLOP/s, {:.0f} GB/s of memory; {} {:.0f} GFLOP/s, {:.0f} "
            "GB/s\n",
            path, record.cpu, record.clock_ghz, record.one.gflops[levels.front()], record.one.memory_gb_s,
            record.threads, record.all.gflops[levels.front()], record.all.memory_gb_s)
            .c_str(),
        stdout);
    return ExitCode::kOk;
}

Result<ExitCode> doctor(const DoctorOptions &options) {
    if (options.clear_cache) return clear_cache();
    if (options.measured) return measure(*options.measured);
    const nlohmann::ordered_json json = examine();
    if (options.json)
        std::fputs(
            (json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n").c_str(),
            stdout);
    else
        print_text(json);
    return ExitCode::kOk;
}

}  // namespace

void add_doctor(CLI::App &program, Action &chosen) {
    CLI::App *verb =
        add_verb(program, "doctor", "What works on this machine, and what to install for the rest",
                 "hardnet doctor --json");
    const auto options = std::make_shared<DoctorOptions>();
    verb->add_flag("--json", options->json, "one JSON object instead of text");
    verb->add_flag("--clear-cache", options->clear_cache, "remove every cached kernel");
    verb->add_option("--measure", options->measured,
                     "measure multiply-adds, caches, memory and barriers on one core and on all, and write "
                     "them to this "
                     "file; default: machine.json in the user's data folder")
        ->expected(0, 1)
        ->default_str("");
    verb->callback([&chosen, options] { chosen = [options] { return doctor(*options); }; });
}

}  // namespace hardnet
