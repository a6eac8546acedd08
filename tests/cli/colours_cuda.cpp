// The kernel of colours.c for CUDA, in a stand-in for the driver that the program finds by LD_LIBRARY_PATH.
#include "tests/gpu/stand_in.h"

namespace hardnet {
namespace {

class ColoursKernels : public stand_in::Kernels {
public:
    ColoursKernels() {
        stand_in::use(this);
        stand_in::fail_as_asked();
    }
    int load(const char *image) override { return std::string(image) == "colours" ? 0 : 200; }
    int parameters(const std::string &name) override { return name == "mean" ? 2 : -1; }
    // A block is a class of an image: parameters out [image][class], in [image][class][pixel].
    void launch(const std::string &, const unsigned grid[3], const unsigned *, unsigned,
                void **parameters) override {
        float *out = *static_cast<float **>(parameters[0]);
        const float *in = *static_cast<float **>(parameters[1]);
        for (unsigned mean = 0; mean < grid[0] * grid[2]; mean++) {
            float sum = 0;
            for (unsigned pixel = 0; pixel < 16; pixel++) sum += in[mean * 16 + pixel];
            out[mean] = sum / 16;
        }
    }
} kernels;

}  // namespace
}  // namespace hardnet
