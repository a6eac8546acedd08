// Children that Halide works in: LLVM ends its process where it cannot write.
#pragma once
#include <sys/types.h>

namespace hardnet {

// In a child whose parent reports what went wrong, in place of LLVM's own line.
void silence_stderr();

// Of a forked child, when it has ended; -1 where there is none or a signal ended it.
int exit_code_of(pid_t child);

}  // namespace hardnet
