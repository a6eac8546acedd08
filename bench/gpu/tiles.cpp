// Writes each convolution of a network in the ways that the GPU's model finds fastest, for tiles_run.cpp to time on a GPU.
//
//     build/gpu_tiles MODEL HEIGHTxWIDTH FOLDER [MOST]
//
// FOLDER/N.ptx holds the kernels of convolution N, FOLDER/tiles.txt a line for each: the convolution, the kernel's name,
// grid, block, shared bytes, tile, multiply-adds, and the bytes behind each parameter; FOLDER/problems.txt one for each
// convolution.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "compiler/gpu/module.h"
#include "compiler/package/text_file.h"
#include "compiler/plan.h"
#include "models/architectures.h"
#include "schedules/gpu_tiles.h"

namespace {

using namespace hardnet;

[[noreturn]] void fail(const Error &error) {
    std::fprintf(stderr, "gpu_tiles: %s\n", error.what.c_str());
    for (const std::string &line : error.detail) std::fprintf(stderr, "  %s\n", line.c_str());
    std::exit(1);
}

template <typename T>
T value(Result<T> result) {
    if (!result) fail(result.error());
    return std::move(*result);
}

int64_t bytes_of(const GpuView &view) {
    int64_t last = 0;
    for (const GpuView::Dim &d : view.dims) last += int64_t{d.extent - 1} * d.stride;
    return 4 * (last + 1);
}

std::string tile_text(const GpuTile &t) {
    return fmt::format("{},{},{},{},{},{}", t.channels, t.pixels, t.across, t.along, t.down, t.slices);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 4) {
        std::fprintf(stderr, "gpu_tiles: expected MODEL HEIGHTxWIDTH FOLDER [MOST]\n");
        return 2;
    }
    InputSize size;
    std::sscanf(argv[2], "%dx%d", &size.height, &size.width);
    const size_t most = argc > 4 ? size_t(std::atoi(argv[4])) : 20;
    const ModelRecord record = value(find_record(argv[1]));
    const Network network = value(build_network(record, size));
    const Machine &machine = gpu_machines().front();
    const Plan plan = value(make_plan(network, machine, {}));

    std::vector<GpuKernel> kernels;
    std::vector<int> convolution;
    for (const GpuKernel &k : plan.gpu_kernels) {
        const auto *spec = std::get_if<ConvolutionSpec>(&k.spec);
        if (!spec) continue;
        const GpuProblem p =
            gpu_problem(*spec, k.views.back().dims[0].extent, k.views.back().dims[2].extent, 1);
        const int number = convolution.empty() ? 0 : convolution.back() + 1;
        for (const GpuTile &tile : gpu_tiles(machine, p, most)) {
            GpuKernel variant = k;
            std::get<ConvolutionSpec>(variant.spec).tile = tile;
            kernels.push_back(variant);
            convolution.push_back(number);
        }
    }
    std::vector<KernelJob> jobs;
    for (const GpuKernel &k : kernels) jobs.push_back({&k.spec, &machine, gpu::symbol(k, machine), &k});
    const auto progress = [](int done, int total, const std::string &) {
        if (done % 50 == 0) std::fprintf(stderr, "%d of %d\n", done, total);
    };
    const KernelObjects objects = value(emit_kernels(jobs, 2, progress));

    const std::filesystem::path folder = argv[3];
    std::filesystem::create_directories(folder);
    std::ofstream list(folder / "tiles.txt");
    std::ofstream problems(folder /
                           "problems.txt");  // channels, width, height, taps, channels of the sources
    std::vector<gpu::Compiled> alike;        // of one convolution
    for (size_t i = 0; i < jobs.size(); i++) {
        alike.push_back(value(gpu::read_kernel(objects.paths[i], jobs[i].symbol)));
        const gpu::Launch &l = alike.back().launch;
        const auto &spec = std::get<ConvolutionSpec>(kernels[i].spec);
        const auto &out = kernels[i].views.back().dims;
        const int64_t products =
            int64_t{out[0].extent} * out[1].extent * out[2].extent * spec.window.taps() * spec.steps();
        std::vector<int64_t> bytes;
        for (int argument : l.order) bytes.push_back(bytes_of(kernels[i].views[size_t(argument)]));
        list << fmt::format("{} {} {} {} {} {} {} {} {}\n", convolution[i], l.name, fmt::join(l.grid, " "),
                            fmt::join(l.block, " "), l.shared_bytes, tile_text(spec.tile), products,
                            bytes.size(), fmt::join(bytes, " "));
        if (alike.size() == 1) {
            const GpuProblem p = gpu_problem(spec, out[0].extent, out[2].extent, 1);
            problems << fmt::format("{} {} {} {} {} {}\n", convolution[i], p.channels, p.width, p.height,
                                    p.window.taps(), fmt::join(p.sources, ","));
        }
        if (i + 1 < jobs.size() && convolution[i + 1] == convolution[i]) continue;
        const std::string ptx = value(gpu::make_module(alike, machine.device, gpu::Cubins::kNone, 1)).bytes;
        if (Status s = write_text(folder / (std::to_string(convolution[i]) + ".ptx"), ptx.c_str()); !s)
            fail(s.error());
        alike.clear();
    }
}
