// The program's terminal: error lines, notes, progress, and what happens when the other end goes away.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"

namespace hardnet {

// Ctrl-C ends the program with 130, a closed pipe ends it quietly, and descriptors 0 to 2 are open, so that
// no file that is opened later takes the place of a closed stdout.
void prepare_console();

// Everything printed has arrived; a full disk behind stdout is an error.
Status finish_stdout();

// "hardnet: <what>" on stderr, with at most ten indented lines below it. Returns the exit code.
int report(const Error &error);

// "hardnet: note: <text>" on stderr.
void note(const std::string &text);

// A note as the runtime's log hook.
void note_of_runtime(void *, const char *message);

// Counts on stderr, on one line that is rewritten, with the time that is left; silent where stderr is no
// terminal.
class ProgressLine {
public:
    explicit ProgressLine(std::string verb);
    ~ProgressLine();  // wipes the line
    ProgressLine(const ProgressLine &) = delete;
    ProgressLine &operator=(const ProgressLine &) = delete;

    // `seconds_left`: where the caller knows better than what was done says.
    void show(int done, int total, const std::string &what, std::optional<double> seconds_left = {});
    void wipe();

private:
    std::string verb_;
    bool terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace hardnet
