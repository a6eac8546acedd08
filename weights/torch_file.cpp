#include "weights/torch_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <vector>

#include "base/child.h"
#include "base/text.h"

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
    int status = 0;  // the converter's exit status, 128 + the signal that ended it, -1: it never ran
    std::vector<std::string> lines;  // that it wrote; why it never ran

    std::string message() const { return lines.empty() ? "" : lines[0]; }
};

constexpr int kNeverRan = 127;  // the shell's status for it

// In the child: becomes the command, whose descriptor kOutput is `output` and whose stdout is `report`.
int become(std::vector<char *> &arguments, int output, int report) {
    const int in = open("/dev/null", O_RDONLY), err = open("/dev/null", O_WRONLY);
    const bool there = dup2(report, STDOUT_FILENO) >= 0 && dup2(in, STDIN_FILENO) >= 0 &&
                       dup2(err, STDERR_FILENO) >= 0 && dup2(output, kOutput) >= 0;
    if (output == kOutput) fcntl(output, F_SETFD, 0);
    if (there) execvp(arguments[0], arguments.data());
    const std::string reason = std::strerror(errno);
    return write(STDOUT_FILENO, reason.data(), reason.size()) < 0 ? 1 : kNeverRan;
}

// Runs a command, program first.
Conversion run(const std::vector<std::string> &command, int output) {
    std::vector<char *> arguments;
    for (const std::string &argument : command) arguments.push_back(const_cast<char *>(argument.c_str()));
    arguments.push_back(nullptr);
    Result<Child> child = Child::start([&](int report) { return become(arguments, output, report); });
    if (!child) return {-1, {child.error().what}};
    Conversion conversion;
    std::istringstream text(child->read_report());
    for (std::string line; std::getline(text, line);) conversion.lines.push_back(line);
    const Result<ChildEnd> end = child->wait();
    if (!end) return {-1, {end.error().what}};
    conversion.status = end->signal ? 128 + end->signal : end->code == kNeverRan ? -1 : end->code;
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

Result<TorchTensors> torch_as_safetensors(const std::string &path, const std::string &state_key,
                                          uint64_t most_bytes) {
    const Result<std::string> script = find_script();
    if (!script) return script.error();
    const Result<int> opened = open_unnamed_file();
    if (!opened) return opened.error();
    const Descriptor output(*opened);

    std::vector<std::string> without;
    for (const std::string &python : pythons()) {
        const Conversion conversion =
            run({python, *script, path, std::to_string(kOutput), state_key}, output.get());
        if (conversion.status == 0) {
            Result<FileBytes> bytes = read_open_file(output.get(), path, most_bytes);
            if (!bytes) return bytes.error();
            return TorchTensors{std::move(*bytes), conversion.lines};
        }
        if (conversion.status == kRefused) return bad_input(path + ": " + conversion.message());
        if (conversion.status == kNoRoom) return environment_error(path + ": " + conversion.message());
        if (conversion.status > 128)
            return bad_input(
                fmt::format("{}: expected a checkpoint that PyTorch reads, found that signal {} "
                            "ended it",
                            path, conversion.status - 128));
        const bool no_torch = conversion.status == kNoTorch || conversion.status == -1;
        without.push_back(
            fmt::format("{}: {}", python, no_torch ? conversion.message() : "cannot run the converter"));
    }
    Error error = environment_error(
        fmt::format("{}: expected python3 with PyTorch to read it, found none ({})", path, kInstall));
    error.detail = std::move(without);
    return error;
}

}  // namespace hardnet
