// Emission and the object cache. Every kernel is compiled by a child forked from a process that has never
// used Halide: the same bytes every time, and a crash in the compiler costs one kernel, not the program.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>

#include "Halide.h"
#include "compiler/emission/child.h"
#include "compiler/emission/kernel.h"

namespace hardnet {
namespace fs = std::filesystem;
namespace {

// Sends Halide's error to the parent and ends the child. The wheel cannot throw its errors through its own
// frames.
class ErrorToPipe : public Halide::CompileTimeErrorReporter {
public:
    explicit ErrorToPipe(int pipe) : pipe_(pipe) {}
    void warning(const char *) override {}
    void error(const char *message) override {
        const std::string text = message;
        const std::string line = text.substr(0, text.find('\n'));
        _exit(write(pipe_, line.data(), line.size()) < 0 ? 2 : 1);
    }

private:
    int pipe_;
};

// In the child: compiles, says what went wrong on `report`, never returns.
[[noreturn]] void run_child(const KernelJob &job, const std::string &path, int report) {
    signal(SIGINT, SIG_DFL);
    silence_stderr();
    ErrorToPipe reporter(report);
    Halide::set_custom_compile_time_error_reporter(&reporter);
    const std::string unfinished = path + "." + std::to_string(getpid());
    const Status compiled = compile_kernel(*job.spec, *job.machine, unfinished);
    if (!compiled) reporter.error(compiled.error().what.c_str());
    _exit(rename(unfinished.c_str(), path.c_str()) == 0 ? 0 : 3);
}

struct Child {
    size_t job;
    int report;  // read end of the child's error pipe
};

std::string read_all(int fd) {
    std::string text;
    char buffer[512];
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(n));
    close(fd);
    return text;
}

}  // namespace

std::string cache_folder() {
    if (const char *folder = getenv("HARDNET_CACHE"); folder && *folder) return folder;
    if (const char *xdg = getenv("XDG_CACHE_HOME"); xdg && *xdg) return std::string(xdg) + "/hardnet";
    const char *home = getenv("HOME");
    return std::string(home ? home : "/tmp") + "/.cache/hardnet";
}

Result<KernelObjects> emit_kernels(const std::vector<KernelJob> &kernels, int jobs,
                                   const Progress &progress) {
    const std::string folder = cache_folder();
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        return environment_error("cache folder: expected a writable folder, found " + folder + ": " +
                                 error.message());

    std::vector<std::string> paths;
    std::vector<size_t> missing;
    std::set<std::string> seen;
    for (size_t i = 0; i < kernels.size(); i++) {
        paths.push_back(folder + "/" + kernels[i].symbol + ".o");
        bool first = seen.insert(kernels[i].symbol).second;
        if (fs::exists(paths[i], error))
            fs::last_write_time(paths[i], fs::file_time_type::clock::now(), error);
        else if (first)
            missing.push_back(i);
    }

    std::map<pid_t, Child> running;
    size_t next = 0, done = 0;
    Error failure{ExitCode::kOk, "", {}};
    while (next < missing.size() || !running.empty()) {
        if (next < missing.size() && int(running.size()) < std::max(1, jobs) &&
            failure.code == ExitCode::kOk) {
            size_t job = missing[next++];
            int report[2];
            if (pipe2(report, O_CLOEXEC) != 0)
                return environment_error("pipe: expected one, found none left");
            pid_t pid = fork();
            if (pid < 0) return environment_error("fork: expected a process, found none left");
            if (pid == 0) run_child(kernels[job], paths[job], report[1]);
            close(report[1]);
            running[pid] = {job, report[0]};
            continue;
        }
        if (running.empty()) break;
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);
        auto child = running.find(pid);
        if (child == running.end()) continue;
        const KernelJob &job = kernels[child->second.job];
        std::string message = read_all(child->second.report);
        if (status != 0) {
            unlink((paths[child->second.job] + "." + std::to_string(pid)).c_str());
            if (WIFSIGNALED(status))
                message = "the compiler died by signal " + std::to_string(WTERMSIG(status));
            if (message.empty())
                failure = environment_error(
                    folder + ": expected to write a kernel's object, found no room or no permission");
            else
                failure = {ExitCode::kInternal,
                           "kernel: expected an object, found: " + message,
                           {key(*job.spec), job.machine->target}};
        }
        running.erase(child);
        if (progress) progress(int(++done), int(missing.size()), operator_name(*job.spec));
    }
    if (failure.code != ExitCode::kOk) return failure;
    return KernelObjects{paths, int(missing.size())};
}

namespace {

struct CachedObject {
    fs::file_time_type used;
    int64_t bytes = 0;
    fs::path path;
};

// As they are now: other processes use, add and remove objects meanwhile.
std::vector<CachedObject> cached_objects() {
    std::vector<CachedObject> objects;
    std::error_code error;
    for (fs::directory_iterator entry(cache_folder(), error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().filename().string().rfind("hardnet_", 0) != 0) continue;
        std::error_code gone;
        const fs::file_time_type used = fs::last_write_time(entry->path(), gone);
        const uintmax_t bytes = gone ? 0 : fs::file_size(entry->path(), gone);
        if (!gone) objects.push_back({used, int64_t(bytes), entry->path()});
    }
    return objects;
}

int64_t total_bytes(const std::vector<CachedObject> &objects) {
    return std::accumulate(objects.begin(), objects.end(), int64_t{0},
                           [](int64_t sum, const CachedObject &object) { return sum + object.bytes; });
}

}  // namespace

int64_t cache_size() { return total_bytes(cached_objects()); }

int64_t trim_cache(int64_t bytes) {
    std::vector<CachedObject> objects = cached_objects();
    std::sort(objects.begin(), objects.end(),
              [](const CachedObject &a, const CachedObject &b) { return a.used < b.used; });
    int64_t left = total_bytes(objects), removed = 0;
    std::error_code error;
    for (const CachedObject &object : objects) {
        if (left <= bytes) break;
        if (fs::remove(object.path, error)) left -= object.bytes, removed += object.bytes;
    }
    return removed;
}

}  // namespace hardnet
