#include "compiler/gpu/device_code.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <regex>
#include <sstream>

namespace hardnet::gpu {
namespace {

Error another_text(const char *language) {
    return {ExitCode::kInternal,
            fmt::format("kernel: expected {} of one kernel, found another text", language),
            {}};
}

std::string renamed(std::string text, const std::string &from, const std::string &to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

// Without indentation and comments, which are half of the text.
std::string plain(const std::string &text) {
    std::istringstream lines(text);
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        line.erase(0, line.find_first_not_of(' '));
        line.erase(std::min(line.size(), line.find("//")));
        if (!line.empty()) all += line + '\n';
    }
    return all;
}

}  // namespace

// A block may have a multiprocessor to itself: else the assembler would spill sums to make room for more.
Result<std::string> named_ptx(const std::string &text, const Launch &launch, const std::string &name,
                              int most_registers) {
    std::string ptx = renamed(text.c_str(), launch.name, name);
    const size_t body = ptx.find(")\n{", ptx.find(".entry"));
    if (body == std::string::npos || ptx.find(".entry") != ptx.rfind(".entry")) return another_text("PTX");
    std::string limits = fmt::format(".maxntid {}\n.minnctapersm 1\n", fmt::join(launch.block, ", "));
    if (most_registers) limits += fmt::format(".maxnreg {}\n", most_registers);
    ptx.insert(body + 2, limits);
    return ptx;
}

// Without the kernel that Halide adds for compilers that refuse a text of none, and without local memory where none is
// used. Halide reads sums and what is loaded as vectors of four, to which arrays of floats are not aligned by themselves.
Result<std::string> named_opencl(const std::string &text, const Launch &launch, const std::string &name) {
    static const std::regex added("__kernel void _at_least_one_kernel.*\n"), array("\nfloat (\\w+\\[)"),
        unused(",\n__local int16\\* __shared\\)"), kernel("__kernel ");
    std::string code = std::regex_replace(plain(renamed(text.c_str(), launch.name, name)), added, "");
    code = std::regex_replace(code, array, "\n__attribute__((aligned(16))) float $1");
    if (launch.shared_bytes == 0) code = std::regex_replace(code, unused, ")");
    const std::string block =
        fmt::format("__kernel __attribute__((reqd_work_group_size({}))) ", fmt::join(launch.block, ", "));
    const size_t kernels =
        size_t(std::distance(std::sregex_iterator(code.begin(), code.end(), kernel), std::sregex_iterator()));
    if (kernels != 1) return another_text("OpenCL C");
    return std::regex_replace(code, kernel, block);
}

}  // namespace hardnet::gpu
