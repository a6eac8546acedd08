#include "compiler/gpu/module.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "base/child.h"
#include "base/folders.h"
#include "compiler/emission/cache.h"
#include "compiler/gpu/device_code.h"
#include "compiler/package/text_file.h"

namespace hardnet::gpu {
namespace fs = std::filesystem;
namespace {

constexpr int kArchitectures[] = {75, 80, 86, 89, 90, 100, 120};
// Of the CUDA toolkit, which installs itself beside the PATH. The program's path; empty: there is none.
std::string find_tool(const std::string &name) {
    const std::string found = find_program(name), installed = "/usr/local/cuda/bin/" + name;
    if (!found.empty()) return found;
    return access(installed.c_str(), X_OK) == 0 ? installed : "";
}

Result<Child> start(const std::vector<std::string> &arguments) {
    return Child::start([arguments](int report) {
        std::vector<char *> argv;
        for (const std::string &a : arguments) argv.push_back(const_cast<char *>(a.c_str()));
        argv.push_back(nullptr);
        dup2(report, STDOUT_FILENO);
        dup2(report, STDERR_FILENO);
        execv(argv[0], argv.data());
        return 127;
    });
}

// What it printed.
Result<std::string> finished(Child &child, const std::string &tool) {
    const std::string text = child.read_report();
    const Result<ChildEnd> end = child.wait();
    if (!end) return end.error();
    if (end->good()) return text;
    return Error{ExitCode::kInternal,
                 tool + ": expected an image of the kernels, found an error",
                 {text.substr(0, text.find('\n'))}};
}

// All kernels behind one header.
std::string joined(const std::vector<Compiled> &kernels, const std::string &header_end) {
    std::string all;
    for (const Compiled &k : kernels) {
        const size_t body = k.code.find(header_end) + header_end.size();
        if (all.empty()) all = k.code.substr(0, body);
        all += k.code.substr(body);
    }
    return all;
}

std::string version_of(const std::string &ptxas) {
    auto child = start({ptxas, "--version"});
    if (!child) return "";
    auto text = finished(*child, "ptxas");
    std::smatch found;
    return text && std::regex_search(*text, found, std::regex("V([0-9.]+)")) ? found[1].str() : "";
}

// "Compiling entry function 'NAME' for 'sm_90'", then a line each of the stack and of registers.
void add_resources(const std::string &text, std::vector<Resources> &all) {
    static const std::regex entry("entry function '(\\w+)' for 'sm_(\\d+)"),
        stack("(\\d+) bytes stack frame"), spills("(\\d+) bytes spill stores, (\\d+) bytes spill loads"),
        used("Used (\\d+) registers");
    std::istringstream lines(text);
    std::smatch m;
    for (std::string line; std::getline(lines, line);) {
        if (std::regex_search(line, m, entry)) all.push_back({m[1], std::stoi(m[2]), 0, 0, 0});
        if (all.empty()) continue;
        if (std::regex_search(line, m, stack)) all.back().stack_bytes = std::stoi(m[1]);
        if (std::regex_search(line, m, spills)) all.back().spilled_bytes = std::stoi(m[1]) + std::stoi(m[2]);
        if (std::regex_search(line, m, used)) all.back().registers = std::stoi(m[1]);
    }
}

std::string resources_json(const std::vector<Resources> &all) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Resources &r : all)
        json.push_back({r.kernel, r.architecture, r.registers, r.stack_bytes, r.spilled_bytes});
    return json.dump();
}

std::vector<Resources> resources_from_json(const std::string &text) {
    std::vector<Resources> all;
    for (const auto &r : nlohmann::json::parse(text)) all.push_back({r[0], r[1], r[2], r[3], r[4]});
    return all;
}

// A file of the cache is there whole or not at all.
Status keep(const std::string &path, const std::string &text) {
    const std::string unfinished = path + "." + std::to_string(getpid());
    if (Status s = write_text(unfinished, text); !s) return s;
    std::error_code error;
    fs::rename(unfinished, path, error);
    if (!error) return ok();
    return environment_error(path + ": expected a file put in its place, found: " + error.message());
}

// Assembles for each architecture and writes the fat binary and what the assembler said, each under its final name.
Status assemble(const std::string &ptx, const std::string &ptxas, const std::string &fatbinary,
                const std::string &image, const std::string &resources, int jobs) {
    const TemporaryFolder folder("hardnet_gpu_");
    if (!folder.fault().empty())
        return environment_error("temporary folder: expected a writable one, found: " + folder.fault());
    const std::string source = folder.path() + "/kernels.ptx";
    if (Status s = write_text(source, ptx); !s) return s;
    const auto cubin = [&](int architecture) {
        return fmt::format("{}/{}.cubin", folder.path(), architecture);
    };

    std::vector<Resources> used;
    std::vector<Child> running;
    size_t next = 0;
    while (next < std::size(kArchitectures) || !running.empty()) {
        if (next < std::size(kArchitectures) && int(running.size()) < std::max(1, jobs)) {
            const int architecture = kArchitectures[next++];
            auto child = start(
                {ptxas, "-v", fmt::format("-arch=sm_{}", architecture), source, "-o", cubin(architecture)});
            if (!child) return child.error();
            running.push_back(std::move(*child));
            continue;
        }
        auto text = finished(running.front(), "ptxas");
        running.erase(running.begin());
        if (!text) return text.error();
        add_resources(*text, used);
    }
    const std::string binary = folder.path() + "/kernels.fatbin";
    std::vector<std::string> arguments = {fatbinary, "--create=" + binary, "-64", "--compress-all"};
    for (int architecture : kArchitectures)
        arguments.push_back(
            fmt::format("--image3=kind=elf,sm={},file={}", architecture, cubin(architecture)));
    arguments.push_back("--image3=kind=ptx,sm=70,file=" + source);
    auto child = start(arguments);
    if (!child) return child.error();
    if (auto text = finished(*child, "fatbinary"); !text) return text.error();
    auto bytes = read_text(binary);
    if (!bytes) return bytes.error();
    if (Status s = keep(resources, resources_json(used)); !s) return s;
    return keep(image, *bytes);
}

}  // namespace

Result<Cubins> cubins_from_name(const std::string &name) {
    if (name == "auto") return Cubins::kAuto;
    if (name == "none") return Cubins::kNone;
    return usage_error("cubins: expected auto or none, found '" + name + "'");
}

Result<Module> make_module(const std::vector<Compiled> &kernels, hardnet_device_kind device, Cubins cubins,
                           int jobs) {
    Module module;
    for (const Compiled &k : kernels) module.launches.push_back(k.launch);
    if (device == HARDNET_DEVICE_OPENCL) {
        module.bytes = joined(kernels, kOpenClHeaderEnd) + '\0';
        return module;
    }
    const std::string ptx = joined(kernels, kPtxHeaderEnd);
    const std::string ptxas = find_tool("ptxas"), fatbinary = find_tool("fatbinary");
    if (cubins == Cubins::kNone || ptxas.empty() || fatbinary.empty()) {
        module.bytes = ptx + '\0';
        return module;
    }
    module.assembler = version_of(ptxas);
    module.architectures.assign(std::begin(kArchitectures), std::end(kArchitectures));
    auto cache = object_folder();
    if (!cache) return cache.error();
    const std::string image = cache->path + "/hardnet_" + content_hash(ptx + "\nptxas " + module.assembler) +
                              ".fatbin",
                      resources = image + ".json";
    std::error_code error;
    if (!fs::exists(image, error) || !fs::exists(resources, error)) {  // the cache is trimmed file by file
        if (Status s = assemble(ptx, ptxas, fatbinary, image, resources, jobs); !s) return s.error();
    }
    auto bytes = read_text(image), used = read_text(resources);
    if (!bytes) return bytes.error();
    if (!used) return used.error();
    module.bytes = std::move(*bytes);
    module.resources = resources_from_json(*used);
    return module;
}

}  // namespace hardnet::gpu
