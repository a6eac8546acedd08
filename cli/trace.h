// A trace of runs for Perfetto or chrome://tracing: what each thread did when.
#pragma once
#include <string>

#include "package/loaded_package.h"

namespace hardnet {

// Runs the package `runs` times and writes one event per step and thread of each, in the Trace Event format.
// A gap in a thread's row is the time that it waits at a barrier.
Status write_trace(LoadedPackage &loaded, int runs, const std::string &path);

}  // namespace hardnet
