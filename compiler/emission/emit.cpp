// Emission. Every kernel is compiled by a child forked from a process that has never
// used Halide: the same bytes every time, and a crash in the compiler costs one kernel, not the program.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <set>

#include "base/child.h"
#include "compiler/emission/cache.h"
#include "compiler/emission/kernel.h"
#include "compiler/gpu/kernel.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

std::string unfinished(const std::string &path, pid_t child) { return path + "." + std::to_string(child); }

// In the child: compiles and says on `report` what went wrong.
int compile_in_this_process(const KernelJob &job, const std::string &path, int report) {
    signal(SIGINT, SIG_DFL);
    silence_stderr();
    report_compile_errors(report);
    const std::string object = unfinished(path, getpid());
    const Status compiled = job.gpu ? gpu::compile_kernel(*job.gpu, *job.machine, object)
                                    : compile_kernel(*job.spec, *job.machine, object);
    if (!compiled) {
        const std::string &what = compiled.error().what;
        return write(report, what.data(), what.size()) < 0 ? 2 : 1;
    }
    return rename(object.c_str(), path.c_str()) == 0 ? 0 : 3;
}

struct Running {
    size_t job;
    Child child;
};

// The first whose report has something to read, which is its error or its end.
std::vector<Running>::iterator first_to_report(std::vector<Running> &running) {
    std::vector<pollfd> reports;
    for (const Running &r : running) reports.push_back({r.child.report(), POLLIN, 0});
    while (poll(reports.data(), reports.size(), -1) < 0) {
        if (errno != EINTR) return running.begin();  // no memory: then in their order
    }
    const auto ready =
        std::find_if(reports.begin(), reports.end(), [](const pollfd &r) { return r.revents; });
    return running.begin() + (ready - reports.begin());
}

// Waits for the child's end and removes what it left unfinished.
Status finish(Child &child, const KernelJob &job, const std::string &path) {
    const std::string half = unfinished(path, child.pid());
    const std::string message = child.read_report();
    const Result<ChildEnd> end = child.wait();
    if (end && end->good()) return ok();
    unlink(half.c_str());
    if (!end) return end.error();
    std::string found = message;
    if (end->signal) found = "the compiler died by signal " + std::to_string(end->signal);
    if (found.empty())
        return environment_error(fs::path(path).parent_path().string() +
                                 ": expected to write a kernel's object, found no room or no permission");
    return Error{ExitCode::kInternal,
                 "kernel: expected an object, found: " + found,
                 {job.gpu ? job.gpu->key() : key(*job.spec), job.machine->target}};
}

}  // namespace

Result<KernelObjects> emit_kernels(const std::vector<KernelJob> &kernels, int jobs,
                                   const Progress &progress) {
    const Result<ObjectFolder> made = object_folder();
    if (!made) return made.error();

    std::vector<std::string> paths;
    std::vector<size_t> missing;
    std::set<std::string> seen;
    std::error_code error;
    for (size_t i = 0; i < kernels.size(); i++) {
        const std::string name = "/" + kernels[i].symbol + (kernels[i].gpu ? ".gpu" : ".o");
        const bool first = seen.insert(kernels[i].symbol).second;
        paths.push_back(cache_folder() + name);
        if (!fs::exists(paths[i], error)) paths[i] = made->path + name;
        if (fs::exists(paths[i], error))
            fs::last_write_time(paths[i], fs::file_time_type::clock::now(), error);
        else if (first)
            missing.push_back(i);
    }

    // After the first failure none is started, and those that run are waited for.
    std::vector<Running> running;
    size_t next = 0, done = 0;
    Status all = ok();
    while ((all && next < missing.size()) || !running.empty()) {
        if (all && next < missing.size() && int(running.size()) < std::max(1, jobs)) {
            const size_t job = missing[next++];
            Result<Child> child = Child::start(
                [&](int report) { return compile_in_this_process(kernels[job], paths[job], report); });
            if (child)
                running.push_back({job, std::move(*child)});
            else
                all = child.error();
            continue;
        }
        const auto ended = first_to_report(running);
        const KernelJob &job = kernels[ended->job];
        const Status finished = finish(ended->child, job, paths[ended->job]);
        if (all && !finished) all = finished;
        running.erase(ended);
        if (progress) progress(int(++done), int(missing.size()), operator_name(*job.spec));
    }
    if (!all) return all.error();
    return KernelObjects{paths, int(missing.size()), made->note};
}

}  // namespace hardnet
