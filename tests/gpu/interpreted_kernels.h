// What the stand-in for a driver launches, interpreted: kernels of PTX on the memory that the runtime gave the device.
#pragma once
#include "tests/gpu/ptx.h"
#include "tests/gpu/stand_in.h"

namespace hardnet::testing {

class InterpretedKernels : public stand_in::Kernels {
public:
    const std::vector<std::string> &errors() const {
        return errors_;
    }  // behind the first launch that has one nothing is launched

    int load(const char *image) override;
    int parameters(const std::string &name) override;
    void launch(const std::string &name, const unsigned grid[3], const unsigned block[3],
                unsigned shared_bytes, void **parameters) override;

protected:
    ptx::Memory memory_;  // as of the last launch
    std::vector<std::string> errors_;

    // Runs the kernel, unless a class that knows more of it has something against it.
    virtual void interpret(const ptx::Kernel &kernel, const ptx::Launch &launch);

private:
    ptx::Module module_;

    void follow_memory();
};

}  // namespace hardnet::testing
