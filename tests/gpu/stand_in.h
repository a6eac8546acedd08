// A stand-in for NVIDIA's driver: a shared library of its name that keeps a device's memory on the host and runs kernels
// by functions of the test. A program that is linked with it has loaded it, so that the runtime finds it in place of a
// real one. Streams do nothing until they are waited for, fresh memory is not zero, every address and handle is checked,
// and any call can be made to fail.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hardnet::stand_in {

// What runs the kernels of modules. A device's address is the host's, so that a parameter may be read as a pointer.
class Kernels {
public:
    virtual ~Kernels() = default;
    virtual int load(const char *image) = 0;              // the driver's result: 0, or why it does not load
    virtual int parameters(const std::string &name) = 0;  // of a kernel; -1: there is no such
    virtual void launch(const std::string &name, const unsigned grid[3], const unsigned block[3],
                        unsigned shared_bytes, void **parameters) = 0;
};

// No faults, nothing counted, two devices of compute capability 9.0 and a driver for CUDA 12.4. What lives goes on.
void reset();
void use(Kernels *kernels);
void describe(int devices, int version, int capability_major, int capability_minor);

// Lets a call of `function` fail with `result`: the nth of them from now on, counted from 0. "" is any function.
void fail(const std::string &function, int nth, int result);
// Likewise, and from then on every call but those that give back: the device is lost.
void lose(const std::string &function, int nth, int result);
// The same for a process that cannot call this: by the variable STAND_IN_FAILS, "cuMemAlloc_v2=2".
void fail_as_asked();
bool failed();  // whether what fail or lose asked for has come

int calls();                                // of all functions, since reset
int calls_of(const std::string &function);  // "cuMemAlloc_v2"
size_t bytes_in();                          // copied to devices, since reset
size_t bytes_out();
size_t queued();                      // in streams, and not waited for
int launches();                       // of kernels, by a graph or by themselves
size_t live_bytes();                  // of devices' memory
std::map<uint64_t, size_t> memory();  // its allocations: address and bytes
int live();    // allocations, modules, streams, graphs, events, registered memory, retained contexts
int pushed();  // contexts on this thread's stack
// What no program may do, one line each: an address outside all memory, a handle that is none, a call without a context.
std::vector<std::string> violations();

// What a program of its own would have of the driver.
void *make_context(int device);  // not current
void destroy_context(void *context);
void push(void *context);
void *pop();
void *make_stream();
void destroy_stream(void *stream);
void finish(void *stream);  // what is queued, done
void *allocate(size_t bytes);
void release(void *memory);

}  // namespace hardnet::stand_in
