// A stand-in for OpenCL's library: a table of its functions that keeps a device's memory on the host and runs kernels by
// functions of the test. Queues do nothing until they are waited for, fresh memory is not zero, every place and handle is
// checked, and any call can be made to fail.
#pragma once
#include <string>
#include <vector>

#include "runtime/inspect.h"
#include "runtime/src/opencl_library.h"

namespace hardnet::opencl_stand_in {

// A kernel's parameter: memory, which is where it begins, or a number.
union Parameter {
    char *memory;
    int32_t number;
};

class Kernels {
public:
    virtual ~Kernels() = default;
    virtual int build(const std::string &text,
                      std::string *log) = 0;              // OpenCL's result: 0, or why it does not
    virtual int parameters(const std::string &name) = 0;  // of a kernel; -1: there is no such
    virtual void launch(const std::string &name, const size_t global[3], const size_t local[3],
                        const std::vector<Parameter> &parameters) = 0;
};

// This machine, but for OpenCL's library, which is this one.
hardnet_host host();

// No faults, nothing counted; two platforms of a CPU and a GPU with OpenCL 1.2, whose kernels have 256 threads at most.
void reset();
void use(Kernels *kernels);
void describe(int platforms, const std::string &version, size_t most_threads, bool has_gpu);

// Lets a call of `function` fail with `result`: the nth of them from now on, counted from 0. "" is any function.
void fail(const std::string &function, int nth, int result);
// Likewise, and from then on every call but those that give back: the device is lost.
void lose(const std::string &function, int nth, int result);
bool failed();  // whether what fail or lose asked for has come

int calls();                                // of all functions, since reset
int calls_of(const std::string &function);  // "clFinish"
size_t queued();                            // in queues, and not waited for
int live();                                 // contexts, queues, programs, kernels, memory, events
// What no program may do, one line each: a place outside all memory, a handle that is none.
std::vector<std::string> violations();

}  // namespace hardnet::opencl_stand_in
