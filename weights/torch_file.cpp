#include "weights/torch_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/text.h"

extern char **environ;

namespace hardnet {
namespace {

namespace fs = std::filesystem;

constexpr char kScript[] = "share/hardnet/pth_to_safetensors.py";
constexpr char kInstall[] = "apt-get install -y --no-install-recommends python3-torch";
constexpr int kOutput = 3;  // the converter's descriptor for what it writes
// The converter's exit statuses.
constexpr int kRefused = 3, kNoRoom = 4, kNoTorch = 5;

// Beside the program, as in a build folder, or installed as <prefix>/bin and <prefix>/share.
Result<std::string> find_script() {
    std::error_code failed;
    const fs::path folder = fs::read_symlink("/proc/self/exe", failed).parent_path();
    for (const fs::path &prefix : {folder, folder.parent_path()})
        if (fs::exists(prefix / kScript, failed)) return (prefix / kScript).string();
    return environment_error(fmt::format("{}: expected it in {} or the folder above, found none", kScript,
                                         shown(folder.string())));
}

std::vector<std::string> pythons() {
    if (const char *chosen = getenv("HARDNET_PYTHON"); chosen && *chosen) return {chosen};
    return {"python3", "/usr/bin/python3"};
}

// A file without a name: nothing is left behind, however this process ends.
Result<int> open_unnamed_file() {
    std::error_code failed;
    const fs::path folder = fs::temp_directory_path(failed);
    std::string path = (failed ? fs::path("/tmp") : folder) / "hardnet_XXXXXX";
    const int descriptor = mkostemp(path.data(), O_CLOEXEC);
    if (descriptor < 0)
        return environment_error(
            fmt::format("{}: expected a temporary file, found: {}", path, std::strerror(errno)));
    unlink(path.c_str());
    return descriptor;
}

struct Conversion {
    int status = 0;       // the converter's exit status, 128 + the signal that ended it, -1: it never ran
    std::string message;  // its line
};

std::string read_line(int descriptor) {
    std::string text;
    char buffer[512];
    for (ssize_t n; (n = read(descriptor, buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(n));
    return text.substr(0, text.find('\n'));
}

int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Runs a command (program first), whose descriptor kOutput is `output` and whose stdout is one line.
Conversion run(const std::vector<std::string> &command, int output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return {-1, std::strerror(errno)};
    const Descriptor line(ends[0]);
    Descriptor line_end(ends[1]);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    posix_spawn_file_actions_adddup2(&files, output, kOutput);
    std::vector<char *> arguments;
    for (const std::string &argument : command) arguments.push_back(const_cast<char *>(argument.c_str()));
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int failed = posix_spawnp(&child, arguments[0], &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) return {-1, std::strerror(failed)};
    line_end.close();
    Conversion conversion;
    conversion.message = read_line(line.get());
    conversion.status = wait_for(child);
    return conversion;
}

}  // namespace

std::string python_with_torch() {
    static const std::string probe =
        "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None)";
    for (const std::string &python : pythons())
        if (run({python, "-c", probe}, STDERR_FILENO).status == 0) return python;
    return "";
}

Result<bool> is_torch_file(const std::string &path) {
    const Result<std::string> start = read_start(path, 9);
    if (!start) return start.error();
    const bool safetensors = start->size() == 9 && start->back() == '{';
    const bool zip = start->rfind("PK\3\4", 0) == 0, pickle = start->rfind("\x80\2", 0) == 0;
    if ((zip || pickle) && !safetensors) return true;
    const std::string extension = fs::path(path).extension();
    for (const char *known : {".pth", ".pt", ".pkl", ".ckpt", ".tar"})
        if (extension == known) return true;
    return false;
}

Result<FileBytes> torch_as_safetensors(const std::string &path, uint64_t most_bytes) {
    const Result<std::string> script = find_script();
    if (!script) return script.error();
    const Result<int> opened = open_unnamed_file();
    if (!opened) return opened.error();
    const Descriptor output(*opened);

    std::vector<std::string> without;
    for (const std::string &python : pythons()) {
        const Conversion conversion = run({python, *script, path, std::to_string(kOutput)}, output.get());
        if (conversion.status == 0) return read_open_file(output.get(), path, most_bytes);
        if (conversion.status == kRefused) return bad_input(path + ": " + conversion.message);
        if (conversion.status == kNoRoom) return environment_error(path + ": " + conversion.message);
        if (conversion.status > 128)
            return bad_input(
                fmt::format("{}: expected a checkpoint that PyTorch reads, found that signal {} "
                            "ended it",
                            path, conversion.status - 128));
        const bool no_torch = conversion.status == kNoTorch || conversion.status == -1;
        without.push_back(
            fmt::format("{}: {}", python, no_torch ? conversion.message : "cannot run the converter"));
    }
    Error error = environment_error(
        fmt::format("{}: expected python3 with PyTorch to read it, found none ({})", path, kInstall));
    error.detail = std::move(without);
    return error;
}

}  // namespace hardnet
