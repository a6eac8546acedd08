#include "compiler/emission/kernel_text.h"

#include <cstdio>

#include "base/child.h"
#include "base/files.h"
#include "base/folders.h"
#include "compiler/emission/kernel.h"
#include "compiler/emission/scheduled_kernel.h"

namespace hardnet {
namespace {

constexpr uint64_t kMostTextBytes = 64 << 20;

// In the child. Halide prints loop nests on stderr and nowhere else.
int write_text(const KernelSpec &spec, const Machine &machine, KernelText what, const std::string &path,
               int report) {
    silence_stderr();
    report_compile_errors(report);
    ScheduledKernel kernel = scheduled_kernel(spec, machine);
    if (what == KernelText::kLoopNest) {
        if (!std::freopen(path.c_str(), "w", stderr)) return 3;
        kernel.pipeline.print_loop_nest();
        return std::fflush(stderr) == 0 ? 0 : 3;
    }
    const auto type =
        what == KernelText::kAssembly ? Halide::OutputFileType::assembly : Halide::OutputFileType::stmt_html;
    kernel.pipeline.compile_to({{type, path}}, kernel.arguments, symbol(spec, machine), bare_target(machine));
    return 0;
}

}  // namespace

Result<std::string> kernel_text(const KernelSpec &spec, const Machine &machine, KernelText what) {
    const TemporaryFolder folder("hardnet-text-");
    if (!folder.fault().empty())
        return environment_error("kernel: expected a temporary folder for its text, found " + folder.fault());
    const std::string path = folder.path() + "/text";
    Result<Child> child =
        Child::start([&](int report) { return write_text(spec, machine, what, path, report); });
    if (!child) return child.error();
    const std::string message = child->read_report();
    const Result<ChildEnd> end = child->wait();
    const Result<FileBytes> bytes = read_regular_file(path, kMostTextBytes);
    if (end && end->good() && bytes)
        return std::string(reinterpret_cast<const char *>(bytes->data.get()), bytes->size);
    return Error{ExitCode::kInternal,
                 "kernel: expected its text, found: " + (message.empty() ? "none" : message),
                 {key(spec), machine.target}};
}

}  // namespace hardnet
