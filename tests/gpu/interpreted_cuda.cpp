// A driver for programs that know nothing of the stand-in: it runs whatever package they open on it.
#include <cstdio>

#include "tests/gpu/interpreted_kernels.h"

namespace hardnet::testing {
namespace {

class Kernels : public InterpretedKernels {
public:
    Kernels() {
        stand_in::use(this);
        stand_in::fail_as_asked();
    }
    ~Kernels() override {
        for (const std::string &line : errors()) std::fprintf(stderr, "stand-in: %s\n", line.c_str());
        for (const std::string &line : stand_in::violations())
            std::fprintf(stderr, "stand-in: %s\n", line.c_str());
    }
} kernels;

}  // namespace
}  // namespace hardnet::testing
