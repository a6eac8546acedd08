// The program with the tests' own cache of kernels, and with tuning records that go with the test.
#pragma once
#include "tests/cli/program.h"

namespace hardnet {

class CachedTest : public ProgramTest {
protected:
    Outcome cached(const std::string &arguments) {
        return shell("XDG_DATA_HOME=\"$PWD/data\" HARDNET_CACHE='" HARDNET_TEST_CACHE "' $H " + arguments,
                     folder_);
    }
};

}  // namespace hardnet
