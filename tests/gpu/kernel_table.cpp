// Prints what the interpreter finds of a network's GPU kernels, one line per kernel.
//
//     build/gpu_kernel_table hardnet68 64x64 [hardnet39ds 64x64 ...]
#include <fmt/format.h>

#include <cstdio>

#include "tests/gpu/gpu_network.h"

int main(int argc, char **argv) {
    using namespace hardnet::testing;
    if (argc < 3 || argc % 2 == 0) {
        std::fprintf(stderr, "gpu_kernel_table: expected NETWORK HEIGHTxWIDTH..., found %d words\n",
                     argc - 1);
        return 2;
    }
    bool good = true;
    for (int i = 1; i + 1 < argc; i += 2) {
        PackageRequest request{argv[i], {}, 1, "seed:1", "cuda"};
        if (std::sscanf(argv[i + 1], "%dx%d", &request.size.height, &request.size.width) != 2) {
            std::fprintf(stderr, "gpu_kernel_table: input size: expected HEIGHTxWIDTH, found %s\n",
                         argv[i + 1]);
            return 2;
        }
        const GpuNetwork network = check_on_gpu(request);
        fmt::print("{}: {} layers, {} launches of {} kernels\n", label(request), network.layers,
                   network.launches, network.kernels.size());
        fmt::print("{:<28} {:<16} {:>14} {:>12} {:>7} {:>9} {:>9} {:>13} {:>6} {:>12}\n", "layer", "step",
                   "grid", "block", "shared", "error", "bound", "instructions", "FMA", "bytes out");
        for (const GpuKernelRow &k : network.kernels)
            fmt::print("{:<28} {:<16} {:>14} {:>12} {:>7} {:>9.2e} {:>9.2e} {:>13} {:>5.1f}% {:>12}\n",
                       k.layer, k.step, fmt::format("{}x{}x{}", k.grid[0], k.grid[1], k.grid[2]),
                       fmt::format("{}x{}x{}", k.block[0], k.block[1], k.block[2]), k.shared_bytes, k.error,
                       k.bound, k.instructions, 100 * double(k.fma) / double(k.instructions),
                       k.bytes_written);
        for (const std::string &fault : network.faults) fmt::print("fault: {}\n", fault);
        good &= network.faults.empty();
    }
    return good ? 0 : 1;
}
