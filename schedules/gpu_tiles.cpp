#include "schedules/gpu_tiles.h"

#include <algorithm>
#include <map>

#include "kernels/gpu_loop.h"

namespace hardnet {
namespace {

int divided(int value, int by) { return (value + by - 1) / by; }

// Registers that a thread needs, about; where there are more the assembler lets it load ahead.
int registers_of(const GpuTile &t) { return 2 * t.channels * t.pixels + 36; }

// Cycles until the slowest multiprocessor is done. The constants are fitted to a thousand tiles of hardnet68's
// convolutions on an H200 (bench/gpu), which the model tells within 20 %.
double cycles_of(const Machine &machine, const GpuProblem &p, const GpuTile &t) {
    constexpr double kLatency = 500, kPartitions = 4,
                     kOverhead = 3;                     // of a step: loads, and addresses and the loop
    constexpr double kL2Bytes = 19;                     // a cycle, of one multiprocessor
    constexpr double kPhases = 4, kThreadsOfPhase = 8;  // of a load of 16 bytes a thread
    constexpr double kPixelLine = 1.6, kBehind = 0.44;
    const double blocks = double(divided(p.channels, t.channels * t.across)) *
                          divided(divided(p.width, t.pixels), t.along) * divided(p.height, t.down) * p.images;
    const double turns = divided(int(blocks), machine.multiprocessors);  // blocks of the busiest one
    const double steps = double(divided(p.chunks(), t.slices)) * p.window.taps();
    const GpuLoop loop = gpu_loop(t, p.window);
    const double pixels = double(loop.pixels) / loop.columns;  // loaded in a step
    const double issued = 4.0 * t.channels * t.pixels + pixels + t.channels + kOverhead;

    // Lines that a phase touches: of weights, of pixels.
    const double across = std::min(8, t.across), spots = std::clamp(8 / t.across, 1, t.along * t.down),
                 slices = std::max(1.0, kThreadsOfPhase / (across * spots));
    const double lines =
        kPhases * (pixels * std::max(1.0, kPixelLine * spots) + t.channels * std::max(1.0, slices));
    const double busy = turns * divided(t.threads(), 32) * std::max(issued / kPartitions, lines / 2) * steps;

    const double read =
        16.0 * p.chunks() *
        (double(p.window.taps()) * t.across * t.channels +
         (p.window.taps() > 1 ? (t.along * t.pixels + 2) * (t.down + 2) : t.along * t.pixels * t.down));
    const double l2 = blocks * read / (machine.multiprocessors * kL2Bytes);

    const int at_once = std::max(1, 65536 / (registers_of(t) * t.threads()));
    const double alone = steps * (issued + kLatency) * turns / std::min(turns, double(at_once));
    const double least = std::max({busy, l2, alone});
    const double sum = t.slices > 1 ? 2150 + 270.0 * turns * t.slices * t.sums() / 4 / t.threads() : 0;
    return least + kBehind * (busy + l2 + alone - least) + sum;
}

struct Candidate {
    double cycles;
    GpuTile tile;
};

// All, fastest first. Of more than five sources the largest has a chunk for each slice: where the terms of all are guarded,
// Halide does not see that a thread has one slice, and keeps its sums in memory.
std::vector<Candidate> candidates(const Machine &machine, const GpuProblem &p) {
    constexpr int kLeastThreads = 32, kMostSums = 64, kRegisters = 62000;
    constexpr size_t kSources = 5;
    const int least_pixels = std::min(2, p.width);  // 4x1 sums want five loads for 16 multiply-adds
    std::vector<Candidate> all;
    const int most_slices = std::min(32, p.sources.size() > kSources ? p.most_chunks() : p.chunks());
    for (int channels : {4, 8}) {
        if (p.channels % channels) continue;
        for (int pixels = least_pixels; pixels <= std::min({8, p.width, kMostSums / channels}); pixels++) {
            const int columns = divided(p.width, pixels);
            for (int across = 1; across <= std::min(32, p.channels / channels); across++) {
                for (int along = 1; along <= columns;
                     along = along == columns ? columns + 1 : std::min(2 * along, columns)) {
                    for (int down = 1; down <= p.height; down *= 2) {
                        for (int slices = 1; slices <= most_slices; slices *= 2) {
                            const GpuTile t{channels, pixels, across, along, down, slices};
                            if (t.threads() > machine.most_threads ||
                                t.shared_bytes() > machine.most_shared_bytes ||
                                registers_of(t) * t.threads() > kRegisters)
                                break;
                            if (t.threads() >= kLeastThreads || slices * 2 > most_slices)
                                all.push_back({cycles_of(machine, p, t), t});
                        }
                    }
                }
            }
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Candidate &a, const Candidate &b) { return a.cycles < b.cycles; });
    return all;
}

}  // namespace

int GpuProblem::chunks() const {
    int sum = 0;
    for (int channels : sources) sum += divided(channels, 4);
    return sum;
}

int GpuProblem::most_chunks() const {
    return std::max(1, *std::max_element(sources.begin(), sources.end()) / 4);
}

GpuProblem gpu_problem(const ConvolutionSpec &spec, int channels, int height, int images) {
    GpuProblem p{channels, spec.width, height, images, spec.window, {}};
    for (const SourcePlane &source : spec.sources) p.sources.push_back(source.channels);
    return p;
}

GpuTile gpu_tile(const Machine &machine, const GpuProblem &p) { return candidates(machine, p).front().tile; }

// Few of those whose threads do the same.
std::vector<GpuTile> gpu_tiles(const Machine &machine, const GpuProblem &p, size_t most) {
    constexpr int kAlike = 3;
    std::vector<GpuTile> tiles;
    std::map<std::pair<int, int>, int> alike;
    for (const Candidate &c : candidates(machine, p)) {
        if (tiles.size() == most) break;
        if (alike[{c.tile.channels, c.tile.pixels}]++ < kAlike) tiles.push_back(c.tile);
    }
    return tiles;
}

}  // namespace hardnet
