// Times what gpu_tiles wrote, on a machine with an NVIDIA GPU. CONVOLUTION.ptx are assembled there, all at once:
//
//     ls *.ptx | sed s/.ptx// | xargs -P $(nproc) -I% ptxas -arch=sm_90 %.ptx -o %.cubin
//     g++ -O1 -std=c++17 tiles_run.cpp -I/usr/local/cuda/include -lcuda -o tiles_run && ./tiles_run FOLDER >times.txt
//
// Prints a line for each kernel: the convolution, its tile, the least microseconds of one launch among ten in a graph,
// multiply-adds, registers, blocks.
#include <cuda.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

void check(CUresult result, const std::string &what) {
    if (result == CUDA_SUCCESS) return;
    const char *name = "?";
    cuGetErrorName(result, &name);
    std::fprintf(stderr, "tiles_run: %s: expected success, found %s\n", what.c_str(), name);
    std::exit(1);
}

struct Line {
    int convolution = 0, parameters = 0;
    std::string kernel, tile;
    unsigned grid[3]{}, block[3]{}, shared = 0;
    long long products = 0;
    std::vector<size_t> bytes;

    explicit Line(const std::string &text) {
        std::istringstream words(text);
        words >> convolution >> kernel >> grid[0] >> grid[1] >> grid[2] >> block[0] >> block[1] >> block[2] >>
            shared >> tile >> products >> parameters;
        bytes.resize(size_t(parameters));
        for (size_t &b : bytes) words >> b;
    }
};

// Each view with room around it, since a tile may read beyond the image.
std::vector<CUdeviceptr> places(const Line &line, CUdeviceptr memory) {
    constexpr size_t kRoom = 1 << 20, kAlignment = 256;
    std::vector<CUdeviceptr> all;
    for (size_t bytes : line.bytes) {
        all.push_back(memory + kRoom);
        memory += (bytes + 2 * kRoom + kAlignment - 1) / kAlignment * kAlignment;
    }
    return all;
}

float microseconds(CUfunction kernel, const Line &l, std::vector<CUdeviceptr> at, CUstream stream,
                   CUevent from, CUevent to) {
    constexpr int kLaunches = 10, kRuns = 6, kWarm = 2;
    std::vector<void *> parameters;
    for (CUdeviceptr &address : at) parameters.push_back(&address);
    check(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "capture");
    for (int i = 0; i < kLaunches; i++)
        check(cuLaunchKernel(kernel, l.grid[0], l.grid[1], l.grid[2], l.block[0], l.block[1], l.block[2],
                             l.shared, stream, parameters.data(), nullptr),
              l.kernel);
    CUgraph graph;
    CUgraphExec runs;
    check(cuStreamEndCapture(stream, &graph), "capture");
    check(cuGraphInstantiate(&runs, graph, 0), "graph");
    float least = 1e9f;
    for (int run = 0; run < kRuns; run++) {
        float milliseconds = 0;
        check(cuEventRecord(from, stream), "event");
        check(cuGraphLaunch(runs, stream), l.kernel);
        check(cuEventRecord(to, stream), "event");
        check(cuStreamSynchronize(stream), l.kernel + " " + l.tile);
        check(cuEventElapsedTime(&milliseconds, from, to), "event");
        if (run >= kWarm) least = std::min(least, milliseconds);
    }
    cuGraphExecDestroy(runs);
    cuGraphDestroy(graph);
    return least * 1e3f / kLaunches;
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 2) {
        std::fprintf(stderr, "tiles_run: expected FOLDER\n");
        return 2;
    }
    const std::string folder = argv[1];
    CUdevice device;
    CUcontext context;
    CUstream stream;
    CUevent from, to;
    CUdeviceptr memory;
    constexpr size_t kMemory = size_t{3} << 30;
    check(cuInit(0), "driver");
    check(cuDeviceGet(&device, 0), "device");
    check(cuDevicePrimaryCtxRetain(&context, device), "context");
    check(cuCtxSetCurrent(context), "context");
    check(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "stream");
    check(cuEventCreate(&from, 0), "event");
    check(cuEventCreate(&to, 0), "event");
    check(cuMemAlloc(&memory, kMemory), "memory");
    check(cuMemsetD32(memory, 0x3c000000, kMemory / 4),
          "memory");  // small numbers: sums of zeros would take less power

    CUmodule module = nullptr;
    int loaded = -1;
    std::ifstream list(folder + "/tiles.txt");
    for (std::string text; std::getline(list, text);) {
        const Line line(text);
        if (line.convolution != loaded) {
            if (module) cuModuleUnload(module);
            const std::string file = folder + "/" + std::to_string(line.convolution) + ".cubin";
            check(cuModuleLoad(&module, file.c_str()), file);
            loaded = line.convolution;
        }
        CUfunction kernel;
        int registers = 0;
        check(cuModuleGetFunction(&kernel, module, line.kernel.c_str()), line.kernel);
        check(cuFuncGetAttribute(&registers, CU_FUNC_ATTRIBUTE_NUM_REGS, kernel), line.kernel);
        const float us = microseconds(kernel, line, places(line, memory), stream, from, to);
        std::printf("%d %s %.3f %lld %d %u\n", line.convolution, line.tile.c_str(), us, line.products,
                    registers, line.grid[0] * line.grid[1] * line.grid[2]);
    }
}
