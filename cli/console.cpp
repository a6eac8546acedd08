#include "cli/console.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace hardnet {
namespace {

constexpr size_t kMaxDetailLines = 10;
constexpr size_t kMaxLineBytes = 600;  // a path may be of any length
constexpr auto kRedrawInterval = std::chrono::milliseconds(100);

// One line, whatever a file name holds: control characters become '?', the middle of a long text goes.
std::string one_line(std::string text) {
    for (char &c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
    if (text.size() <= kMaxLineBytes) return text;
    return text.substr(0, kMaxLineBytes / 2) + "..." + text.substr(text.size() - kMaxLineBytes / 2);
}

pid_t program_pid = 0;  // forked compilers inherit the handler; one line is enough

void on_interrupt(int) {
    static const char kText[] = "\nhardnet: interrupted\n";
    if (getpid() == program_pid && write(STDERR_FILENO, kText, sizeof(kText) - 1) < 0)
        _exit(int(ExitCode::kInterrupted));
    _exit(int(ExitCode::kInterrupted));
}

void on_closed_pipe(int) { _exit(0); }

int columns() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

}  // namespace

void prepare_console() {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0) _exit(0);
    program_pid = getpid();
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGPIPE, on_closed_pipe);
    std::signal(SIGXFSZ, SIG_IGN);  // past `ulimit -f` a write fails, as on a full disk
}

Status finish_stdout() {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return ok();
    return environment_error(std::string("stdout: expected to print, found: ") + std::strerror(errno));
}

int report(const Error &error) {
    std::fflush(stdout);
    std::string text = "hardnet: " + one_line(error.what) + "\n";
    const size_t lines = error.detail.size();
    const size_t printed = lines > kMaxDetailLines ? kMaxDetailLines - 1 : lines;
    for (size_t i = 0; i < printed; i++) text += "  " + one_line(error.detail[i]) + "\n";
    if (printed < lines) text += fmt::format("  and {} more\n", lines - printed);
    std::fputs(text.c_str(), stderr);
    return int(error.code);
}

void note(const std::string &text) {
    std::fflush(stdout);
    std::fputs(("hardnet: note: " + one_line(text) + "\n").c_str(), stderr);
}

void note_of_runtime(void *, const char *message) { note(message); }

ProgressLine::ProgressLine(std::string verb)
    : verb_(std::move(verb)),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {}

ProgressLine::~ProgressLine() { wipe(); }

void ProgressLine::show(int done, int total, const std::string &what, std::optional<double> seconds_left) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || (shown_ && now - last_ < kRedrawInterval)) return;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    std::string line = fmt::format("{} {}/{}", verb_, done, total);
    if (!seconds_left && done > 0 && seconds > 1) seconds_left = seconds / done * (total - done);
    if (seconds_left) line += fmt::format("  {:.0f} s left", *seconds_left);
    line += "  " + one_line(what);
    line.resize(size_t(columns() - 1), ' ');
    std::fputs(("\r" + line).c_str(), stderr);
    shown_ = true;
    last_ = now;
}

void ProgressLine::wipe() {
    if (!shown_) return;
    std::fputs(("\r" + std::string(size_t(columns() - 1), ' ') + "\r").c_str(), stderr);
    shown_ = false;
}

}  // namespace hardnet
