// Which tile a GPU's convolution has: a model of the machine's cycles.
#pragma once
#include <vector>

#include "kernels/convolution.h"
#include "schedules/machine.h"

namespace hardnet {

struct GpuProblem {
    int channels = 0, width = 0, height = 0, images = 1;  // of the output; channels as they lie
    Window window;
    std::vector<int> sources;  // channels
    int chunks() const;        // of four input channels
    int most_chunks() const;   // whole ones of a source, at least 1
};
GpuProblem gpu_problem(const ConvolutionSpec &spec, int channels, int height, int images);

// The tile that the model finds fastest; and the next ones, at most so many.
GpuTile gpu_tile(const Machine &machine, const GpuProblem &problem);
std::vector<GpuTile> gpu_tiles(const Machine &machine, const GpuProblem &problem, size_t most);

}  // namespace hardnet
