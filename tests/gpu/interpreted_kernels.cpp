#include "tests/gpu/interpreted_kernels.h"

#include <cstring>

namespace hardnet::testing {
namespace {

constexpr int kInvalidPtx = 218;  // CUDA_ERROR_INVALID_PTX

}  // namespace

int InterpretedKernels::load(const char *image) {
    const Result<ptx::Module> module = ptx::parse(image);
    if (!module) {
        errors_.push_back(module.error().what);
        return kInvalidPtx;
    }
    module_ = *module;
    return 0;
}

int InterpretedKernels::parameters(const std::string &name) {
    const ptx::Kernel *kernel = module_.find(name);
    return kernel ? int(kernel->parameter_bytes.size()) : -1;
}

void InterpretedKernels::launch(const std::string &name, const unsigned grid[3], const unsigned block[3],
                                unsigned shared_bytes, void **parameters) {
    if (!errors_.empty()) return;
    const ptx::Kernel &kernel = *module_.find(name);
    ptx::Launch described{{grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]}, shared_bytes, {}};
    for (size_t p = 0; p < kernel.parameter_bytes.size(); p++) {
        described.parameters.push_back(0);
        std::memcpy(&described.parameters.back(), parameters[p], size_t(kernel.parameter_bytes[p]));
    }
    follow_memory();
    interpret(kernel, described);
}

void InterpretedKernels::interpret(const ptx::Kernel &kernel, const ptx::Launch &launch) {
    if (const auto counters = ptx::run(kernel, launch, memory_); !counters)
        errors_.push_back(counters.error().what);
}

// The device's allocations as they are; what is new may be the host's as well as nobody's.
void InterpretedKernels::follow_memory() {
    const std::map<uint64_t, size_t> alive = stand_in::memory();
    std::vector<uint64_t> gone;
    for (const ptx::Allocation &a : memory_.allocations()) {
        const auto found = alive.find(a.address);
        if (found == alive.end() || found->second != a.bytes) gone.push_back(a.address);
    }
    for (uint64_t address : gone) memory_.release(address);
    for (const auto &[address, bytes] : alive) {
        if (!memory_.find(address, bytes)) memory_.adopt("memory", reinterpret_cast<void *>(address), bytes);
    }
}

}  // namespace hardnet::testing
