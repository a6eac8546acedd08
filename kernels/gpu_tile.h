// How a convolution is cut for a GPU: what a thread, and what a block of threads computes.
#pragma once

namespace hardnet {

// A thread has `channels` x `pixels` sums, pixels along x; a block `across` x `along` x `down` threads, of output
// channels, columns and rows, and so many of them `slices` times, each for a slice of the sums' terms.
struct GpuTile {
    int channels = 0, pixels = 1;  // 0: no tile
    int across = 1, along = 1, down = 1, slices = 1;
    explicit operator bool() const { return channels > 0; }
    int threads() const { return across * along * down * slices; }
    int sums() const { return across * channels * along * pixels * down; }  // of a block
    int shared_bytes() const { return slices == 1 ? 0 : 4 * sums() * slices; }
};

}  // namespace hardnet
