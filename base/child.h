// Processes for work that may end its own: Halide and LLVM where they meet an error, the linker, a trial.
//
// How a child ended is always known. Where the program ignores SIGCHLD, by which the system forgets how, the signal
// gets its default action while such a child lives (other children that end meanwhile wait for the program to ask).
// Only children started here are waited for. None outlives the thread that started it, however that ends.
#pragma once
#include <sys/types.h>

#include <functional>
#include <string>

#include "base/result.h"

namespace hardnet {

struct ChildEnd {
    int code = 0, signal = 0;  // the signal that ended it, else its exit code
    bool good() const { return code == 0 && signal == 0; }
};

class Child {
public:
    // Runs `work` in a fork of this process, which ends with its result as exit code. What it writes to the
    // descriptor that it is given, report() reads; that ends when the child does.
    static Result<Child> start(const std::function<int(int report)> &work);
    Child(Child &&other) noexcept;
    Child &operator=(Child &&other) noexcept;
    ~Child();  // kills one that nobody waited for

    pid_t pid() const { return pid_; }
    int report() const { return report_; }
    std::string read_report() const;  // all of it: waits until the child ends or closes it
    Result<ChildEnd> wait();          // once

private:
    Child(pid_t pid, int report) : pid_(pid), report_(report) {}
    pid_t pid_;  // 0: ended, or moved from
    int report_;
};

// The same, for work that reports nothing.
Result<ChildEnd> run_in_child(const std::function<int()> &work);

// The path of a program that is to be found as a shell finds it, by PATH; "": there is none.
std::string find_program(const std::string &name);

// In a child whose parent says what went wrong, in place of LLVM's own line.
void silence_stderr();

}  // namespace hardnet
