// Kernels by content: a specification and a machine give a symbol, and the object with that symbol is made
// once.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernels/gpu_kernel.h"
#include "kernels/kernel.h"
#include "schedules/machine.h"

namespace hardnet {

// "hardnet_" and 32 hexadecimal digits: the XXH3-128 of the specification, the target, the sources of
// generators and schedules, and Halide's version. Equal symbols are equal code, so packages that share a
// kernel share a symbol.
std::string symbol(const KernelSpec &spec, const Machine &machine);

// Compiles one kernel in this process. Halide names things by counters, so only a fresh process gives the
// same bytes. An error if the kernel needs memory from the heap.
Status compile_kernel(const KernelSpec &spec, const Machine &machine, const std::string &object_path);

// In a child of emission: from now on Halide's first error goes to `report` as one line and ends this process with 1.
void report_compile_errors(int report);

// A static library of objects, without times or owners; in a process that may end where it cannot be written.
void create_archive(const std::vector<std::string> &objects, const Machine &machine, const std::string &path);

struct KernelJob {
    const KernelSpec *spec;
    const Machine *machine;
    std::string symbol;
    const GpuKernel *gpu = nullptr;  // of a GPU
};
using Progress = std::function<void(int done, int total, const std::string &what)>;

struct KernelObjects {
    std::vector<std::string> paths;  // parallel to the jobs
    int compiled = 0;                // those that the cache lacked
    std::string note;                // for the user, where the cache cannot be written
};

// Makes the objects that the cache lacks, one forked child per kernel, `jobs` at a time.
Result<KernelObjects> emit_kernels(const std::vector<KernelJob> &kernels, int jobs, const Progress &progress);

// $HARDNET_CACHE, else $XDG_CACHE_HOME/hardnet, else ~/.cache/hardnet.
std::string cache_folder();
// Removes the least recently used objects until at most `bytes` are left; 0 empties the cache. Returns what
// was removed.
int64_t trim_cache(int64_t bytes);
int64_t cache_size();

std::string content_hash(const std::string &content);  // XXH3-128, hexadecimal
std::string halide_version();
std::string generator_sources();  // a hash of what kernels are made from

}  // namespace hardnet
