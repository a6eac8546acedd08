#include "compiler/emission/kernel_text.h"

#include <cstdio>
#include <functional>

#include "base/child.h"
#include "base/files.h"
#include "base/folders.h"
#include "compiler/emission/kernel.h"
#include "compiler/emission/scheduled_kernel.h"
#include "compiler/gpu/kernel.h"

namespace hardnet {
namespace {

constexpr uint64_t kMostTextBytes = 64 << 20;

// In the child. Halide prints loop nests on stderr and nowhere else.
Status write_text(ScheduledKernel kernel, const Machine &machine, const std::string &name, KernelText what,
                  const std::string &path) {
    if (what == KernelText::kLoopNest) {
        if (std::freopen(path.c_str(), "w", stderr)) kernel.pipeline.print_loop_nest();
        std::fflush(stderr);
        return ok();
    }
    const auto type =
        what == KernelText::kAssembly ? Halide::OutputFileType::assembly : Halide::OutputFileType::stmt_html;
    kernel.pipeline.compile_to({{type, path}}, kernel.arguments, name, bare_target(machine));
    return ok();
}

// What `write` leaves in a file, in a child.
Result<std::string> text_of(const std::string &key, const Machine &machine,
                            const std::function<Status(const std::string &path)> &write) {
    const TemporaryFolder folder("hardnet-text-");
    if (!folder.fault().empty())
        return environment_error("kernel: expected a temporary folder for its text, found " + folder.fault());
    const std::string path = folder.path() + "/text";
    Result<Child> child = Child::start([&](int report) {
        silence_stderr();
        report_compile_errors(report);
        return write(path) ? 0 : 3;
    });
    if (!child) return child.error();
    const std::string message = child->read_report();
    const Result<ChildEnd> end = child->wait();
    const Result<FileBytes> bytes = read_regular_file(path, kMostTextBytes);
    if (end && end->good() && bytes)
        return std::string(reinterpret_cast<const char *>(bytes->data.get()), bytes->size);
    return Error{ExitCode::kInternal,
                 "kernel: expected its text, found: " + (message.empty() ? "none" : message),
                 {key, machine.target}};
}

}  // namespace

Result<std::string> kernel_text(const KernelSpec &spec, const Machine &machine, KernelText what) {
    return text_of(key(spec), machine, [&](const std::string &path) {
        return write_text(scheduled_kernel(spec, machine), machine, symbol(spec, machine), what, path);
    });
}

Result<std::string> kernel_text(const GpuKernel &kernel, const Machine &machine, KernelText what) {
    const auto text = text_of(kernel.key(), machine, [&](const std::string &path) -> Status {
        if (what == KernelText::kAssembly) return gpu::compile_kernel(kernel, machine, path);
        auto scheduled = scheduled_kernel(kernel, machine);
        if (!scheduled) return scheduled.error();
        return write_text(std::move(*scheduled), machine, gpu::symbol(kernel, machine), what, path);
    });
    if (!text || what != KernelText::kAssembly) return text;
    return text->substr(text->find('\n') + 1);  // behind the line that holds the launch
}

}  // namespace hardnet
