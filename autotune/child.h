// Work in a process of its own: what crashes or never ends there costs its result, not the program.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>

#include "base/result.h"

namespace hardnet {

struct ChildLimits {
    int cpu_seconds = 600;    // of the process without its own children; a stopped process uses none
    int wall_seconds = 3600;  // against one that waits for ever
};

// What `work` returns, or an error that says how the process ended. It has a process group of its own, so
// that Ctrl-C reaches the caller alone.
Result<nlohmann::json> in_child(const std::function<Result<nlohmann::json>()> &work,
                                const ChildLimits &limits = {});

}  // namespace hardnet
