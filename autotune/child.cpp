#include "autotune/child.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "base/child.h"

namespace hardnet {
namespace {

using nlohmann::json;

int run(const std::function<Result<json>()> &work, const ChildLimits &limits, int report) {
    setpgid(0, 0);
    const rlim_t seconds = rlim_t(limits.cpu_seconds);
    const rlimit cpu{seconds, seconds + 1}, no_core{0, 0};
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &no_core);
    const Result<json> result = work();
    const json answer = result ? json{{"result", *result}} : json{{"error", result.error().what}};
    const std::string text = answer.dump(-1, ' ', false, json::error_handler_t::replace);
    for (size_t done = 0; done < text.size();) {
        const ssize_t n = write(report, text.data() + done, text.size() - done);
        if (n <= 0) return 1;
        done += size_t(n);
    }
    return 0;
}

// All that comes before the other end is closed; false where that takes too long.
bool read_until_closed(int descriptor, int wall_seconds, std::string &text) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::seconds(wall_seconds);
    while (Clock::now() < deadline) {
        pollfd waiting{descriptor, POLLIN, 0};
        if (poll(&waiting, 1, 100) <= 0) continue;
        char buffer[4096];
        const ssize_t n = read(descriptor, buffer, sizeof buffer);
        if (n <= 0) return true;
        text.append(buffer, size_t(n));
    }
    return false;
}

}  // namespace

Result<json> in_child(const std::function<Result<json>()> &work, const ChildLimits &limits) {
    Result<Child> child = Child::start([&](int report) { return run(work, limits, report); });
    if (!child) return child.error();
    std::string text;
    const bool in_time = read_until_closed(child->report(), limits.wall_seconds, text);
    if (!in_time) kill(-child->pid(), SIGKILL);
    const Result<ChildEnd> end = child->wait();
    if (!end) return end.error();
    if (!in_time || end->signal == SIGXCPU) return bad_input("expected an end, found none in time");
    if (end->signal) return bad_input("expected a result, found signal " + std::to_string(end->signal));
    const json answer = json::parse(text, nullptr, false);
    if (answer.contains("result")) return answer["result"];
    return bad_input(answer.contains("error") ? answer["error"].get<std::string>()
                                              : "expected a result, found none");
}

}  // namespace hardnet
