// The processes that Halide and the linker work in: how they end is known whatever the program does with SIGCHLD, no
// other child of the program is touched, and where the system refuses a process or a descriptor, nothing stays behind.
// What changes the process for good happens in one of its own, with an alarm against waiting for ever.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>

#include "base/child.h"
#include "compiler/emission/kernel.h"
#include "tests/compiler/packages.h"

namespace hardnet::testing {
namespace {

constexpr unsigned kAlarmSeconds = 60;

// Expects that `work`, in a process of its own, finds nothing wrong.
void expect_good(const std::function<std::string()> &work) {
    const auto run = [&] {
        alarm(kAlarmSeconds);
        const std::string wrong = work();
        std::fprintf(stderr, "%s\n", wrong.c_str());
        _exit(wrong.empty() ? 0 : 1);
    };
    EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

size_t open_descriptors() {
    const fs::directory_iterator all("/proc/self/fd"), end;
    return size_t(std::distance(all, end));
}

bool has_children() { return waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

class Processes : public Packages {
protected:
    Processes() {
        for (int i = 1; i <= 4; i++)
            specs_.push_back(GlobalPoolSpec{4, 4, 16 * i, 64, 16, false, false, false, {}});
        use_cache(cache_);
    }

    Result<KernelObjects> emit(int jobs) const {
        const Machine &machine = machines().front();
        std::vector<KernelJob> kernels;
        for (const KernelSpec &spec : specs_) kernels.push_back({&spec, &machine, symbol(spec, machine)});
        return emit_kernels(kernels, jobs, {});
    }

    std::string unfinished() const {
        for (const fs::directory_entry &entry : fs::directory_iterator(cache_))
            if (entry.path().extension() != ".o") return entry.path().string();
        return "";
    }

    // Emission where the second of two processes is refused for `reason`.
    std::string after_refusal(const std::string &reason) const {
        const size_t descriptors = open_descriptors();
        const Result<KernelObjects> objects = emit(2);
        if (objects) return "expected an error";
        if (has_children()) return "expected no child";
        if (const size_t now = open_descriptors(); now != descriptors)
            return std::to_string(now) + " descriptors, before: " + std::to_string(descriptors);
        if (objects.error().code != ExitCode::kEnvironment) return "expected an error of the environment";
        return objects.error().what == reason ? unfinished() : objects.error().what;
    }

    std::vector<KernelSpec> specs_;
};

using ProcessesDeathTest = Processes;  // GoogleTest's name for tests that fork

TEST_F(ProcessesDeathTest, EmitWhereSigchldIsIgnored) {
    expect_good([&]() -> std::string {
        std::signal(SIGCHLD, SIG_IGN);
        const auto objects = emit(2);
        if (!objects) return objects.error().what;
        if (objects->compiled != int(specs_.size())) return "expected every object";
        if (std::signal(SIGCHLD, SIG_IGN) != SIG_IGN) return "expected SIGCHLD ignored again";
        return unfinished();
    });
}

TEST_F(ProcessesDeathTest, EmitWhereTheSystemKeepsNoEnds) {
    expect_good([&]() -> std::string {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        action.sa_flags = SA_NOCLDWAIT;
        sigaction(SIGCHLD, &action, nullptr);
        const auto objects = emit(2);
        if (!objects) return objects.error().what;
        sigaction(SIGCHLD, nullptr, &action);
        if (!(action.sa_flags & SA_NOCLDWAIT)) return "expected the action of before";
        return unfinished();
    });
}

TEST_F(ProcessesDeathTest, LinkWhereSigchldIsIgnored) {
    use_cache(HARDNET_TEST_CACHE);
    const CompileRequest r = request("package");
    expect_good([&]() -> std::string {
        std::signal(SIGCHLD, SIG_IGN);
        const auto report = compile_package(r);
        if (!report) return report.error().what;
        if (!report->notes.empty()) return report->notes[0];
        return fs::exists(fs::path(r.folder) / report->shared_library) ? "" : "expected a shared library";
    });
}

TEST_F(ProcessesDeathTest, SayThatTheLinkerFailed) {
    use_cache(HARDNET_TEST_CACHE);
    const CompileRequest r = request("package");
    ASSERT_TRUE(compile_package(r));  // its kernels are in the cache
    for (const auto action : {SIG_DFL, SIG_IGN}) {
        SCOPED_TRACE(action == SIG_IGN ? "SIGCHLD ignored" : "SIGCHLD as it was");
        expect_good([&]() -> std::string {
            std::signal(SIGCHLD, action);
            setenv("CC", "/bin/false", 1);
            const auto report = compile_package(r);
            if (!report) return report.error().what;
            if (!report->shared_library.empty()) return "expected no shared library";
            return report->notes.size() == 1 ? "" : "expected a note";
        });
    }
}

TEST_F(Processes, LeaveOtherChildrenToTheProgram) {
    const pid_t other = fork();
    if (other == 0) _exit(7);
    const auto objects = emit(2);
    EXPECT_TRUE(objects) << objects.error().what;
    int status = 0;
    ASSERT_EQ(waitpid(other, &status, 0), other);
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(ProcessesDeathTest, AreWaitedForWhereDescriptorsEnd) {
    expect_good([&]() -> std::string {
        int next[2];  // those that the first process gets; the second needs one more
        if (pipe(next) != 0) return "expected a pipe";
        for (int end : next) close(end);
        const rlimit few{rlim_t(next[1]) + 1, rlim_t(next[1]) + 1};
        setrlimit(RLIMIT_NOFILE, &few);
        return after_refusal("child: expected a pipe, found: Too many open files");
    });
}

TEST_F(ProcessesDeathTest, AreWaitedForWhereProcessesEnd) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become a user who has no other process";
    ASSERT_EQ(chmod(cache_.c_str(), 0777), 0);
    expect_good([&]() -> std::string {
        const rlimit two{2, 2};
        setrlimit(RLIMIT_NPROC, &two);
        constexpr uid_t kSomebody = 54321;
        if (setuid(kSomebody) != 0) return "expected another user";
        return after_refusal("child: expected a process, found: Resource temporarily unavailable");
    });
}

TEST(AChild, SaysHowItEnded) {
    auto child = Child::start([](int report) { return write(report, "seven", 5) == 5 ? 7 : 1; });
    ASSERT_TRUE(child);
    EXPECT_EQ(child->read_report(), "seven");
    const auto end = child->wait();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, 7);
    EXPECT_FALSE(end->good());
    const auto killed = run_in_child([] { return raise(SIGKILL); });
    ASSERT_TRUE(killed);
    EXPECT_EQ(killed->signal, SIGKILL);
    EXPECT_FALSE(killed->good());
    const auto threw = run_in_child([]() -> int { throw 1; });
    ASSERT_TRUE(threw);
    EXPECT_EQ(threw->signal, SIGABRT);
}

// Another part of the program waited for it: nobody knows how it ended, and that is no success.
TEST(AChild, ThatAnotherWaitedForIsAnError) {
    auto child = Child::start([](int) { return 0; });
    ASSERT_TRUE(child);
    ASSERT_EQ(waitpid(child->pid(), nullptr, 0), child->pid());
    const auto end = child->wait();
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().what, "child: expected to learn how it ended, found: No child processes");
    EXPECT_EQ(int(end.error().code), int(ExitCode::kEnvironment));
}

TEST(AChild, ThatNobodyWaitedForIsEnded) {
    const size_t descriptors = open_descriptors();
    {
        auto first = Child::start([](int) { return pause(); });
        auto second = Child::start([](int) { return pause(); });
        ASSERT_TRUE(first && second);
        Child moved = std::move(*first);
        moved = std::move(*second);
    }
    EXPECT_FALSE(has_children());
    EXPECT_EQ(open_descriptors(), descriptors);
}

}  // namespace
}  // namespace hardnet::testing
