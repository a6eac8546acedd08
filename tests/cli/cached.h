// The program with the tests' own cache of kernels.
#pragma once
#include "tests/cli/program.h"

namespace hardnet {

class CachedTest : public ProgramTest {
protected:
    Outcome cached(const std::string &arguments) {
        return shell("HARDNET_CACHE='" HARDNET_TEST_CACHE "' $H " + arguments, folder_);
    }
};

}  // namespace hardnet
