#include "base/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <sstream>
#include <utility>

namespace hardnet {
namespace {

// The action of SIGCHLD while children live. Threads that start children share it.
std::mutex mutex;
int living = 0;
std::optional<struct sigaction> action_before;  // where it was another

void begin_keeping_ends() {
    if (living++ > 0) return;
    struct sigaction action;
    sigaction(SIGCHLD, nullptr, &action);
    const bool ignored = !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN;
    if (!ignored && !(action.sa_flags & SA_NOCLDWAIT)) return;
    action_before = action;
    if (ignored) action.sa_handler = SIG_DFL;
    action.sa_flags &= ~SA_NOCLDWAIT;
    sigaction(SIGCHLD, &action, nullptr);
}

void end_keeping_ends() {
    if (--living > 0 || !action_before) return;
    sigaction(SIGCHLD, &*action_before, nullptr);
    action_before.reset();
}

Error refused(const char *what, int error) {
    return environment_error(std::string("child: expected ") + what + ", found: " + std::strerror(error));
}

// An exception that left the child's work would run its parent's code.
[[noreturn]] void run(const std::function<int(int)> &work, int report) noexcept { _exit(work(report)); }

}  // namespace

Result<Child> Child::start(const std::function<int(int report)> &work) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return refused("a pipe", errno);
    std::unique_lock<std::mutex> lock(mutex);
    begin_keeping_ends();
    const pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        const Error error = refused("a process", errno);
        end_keeping_ends();
        for (int end : ends) close(end);
        return error;
    }
    lock.unlock();  // in the child too: its work may start children
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);  // which had ended before that
        close(ends[0]);
        run(work, ends[1]);
    }
    close(ends[1]);
    return Child(pid, ends[0]);
}

Child::Child(Child &&other) noexcept
    : pid_(std::exchange(other.pid_, 0)), report_(std::exchange(other.report_, -1)) {}

Child &Child::operator=(Child &&other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(report_, other.report_);
    return *this;
}

Child::~Child() {
    if (pid_ != 0) {
        kill(pid_, SIGKILL);
        (void)wait();
    }
    if (report_ >= 0) close(report_);
}

std::string Child::read_report() const {
    std::string text;
    char buffer[512];
    for (ssize_t n; (n = read(report_, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR);)
        if (n > 0) text.append(buffer, size_t(n));
    return text;
}

Result<ChildEnd> Child::wait() {
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(pid_, &status, 0)) < 0 && errno == EINTR) {
    }
    const int error = errno;
    pid_ = 0;
    {
        const std::lock_guard<std::mutex> lock(mutex);
        end_keeping_ends();
    }
    if (ended < 0) return refused("to learn how it ended", error);
    if (WIFSIGNALED(status)) return ChildEnd{0, WTERMSIG(status)};
    return ChildEnd{WEXITSTATUS(status), 0};
}

Result<ChildEnd> run_in_child(const std::function<int()> &work) {
    Result<Child> child = Child::start([&](int) { return work(); });
    if (!child) return child.error();
    return child->wait();
}

std::string find_program(const std::string &name) {
    const char *path = std::getenv("PATH");
    std::istringstream folders(path ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string file = (folder.empty() ? "." : folder) + "/" + name;
        if (access(file.c_str(), X_OK) == 0) return file;
    }
    return "";
}

void silence_stderr() {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
}

}  // namespace hardnet
