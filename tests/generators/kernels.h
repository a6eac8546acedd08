// Kernels on the path that packages take: emitted by forked children into a cache of their own, linked into a
// shared library, called with Halide buffers. And the memory to call them on, which shows every write that
// should not be.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "compiler/emission/kernel.h"
#include "hardnet/plan.h"
#include "runtime/src/buffers.h"
#include "schedules/machine.h"

namespace hardnet::testing {

// The kernels of one test on one machine, compiled together. Throws std::runtime_error with the compiler's
// message.
class KernelLibrary {
public:
    KernelLibrary(const std::vector<KernelSpec> &specs, const Machine &machine);
    ~KernelLibrary();
    KernelLibrary(const KernelLibrary &) = delete;
    hardnet_kernel operator[](size_t spec) const { return kernels_[spec]; }

private:
    void *library_ = nullptr;
    std::vector<hardnet_kernel> kernels_;
};

// Elements on a cache line, filled with a pattern that no kernel writes: a NaN, or the integer that is beyond every range.
template <typename T>
class MemoryOf {
public:
    explicit MemoryOf(size_t size);
    MemoryOf(MemoryOf &&) = default;
    T *data() { return data_; }
    const T *data() const { return data_; }
    size_t size() const { return size_; }
    T &operator[](int64_t i) { return data_[i]; }
    T operator[](int64_t i) const { return data_[i]; }
    bool untouched(int64_t i) const;  // still holds the pattern
    bool same_bits(const MemoryOf &other) const;

private:
    std::vector<T> storage_;
    T *data_;
    size_t size_;
};
using Memory = MemoryOf<float>;
using Int16Memory = MemoryOf<int16_t>;
using Int8Memory = MemoryOf<int8_t>;

// A Halide buffer on memory; `at_minimum` is the element at every dimension's minimum.
class Buffer {
public:
    Buffer(const float *at_minimum, const std::vector<hardnet_dim> &dims);
    Buffer(const uint8_t *at_minimum, const std::vector<hardnet_dim> &dims);
    Buffer(const int16_t *at_minimum, const std::vector<hardnet_dim> &dims);
    Buffer(const int8_t *at_minimum, const std::vector<hardnet_dim> &dims);
    Buffer(const int32_t *at_minimum, const std::vector<hardnet_dim> &dims);
    Buffer(const Buffer &other);
    // Dimension `dim` from `begin` to `end`, as the runtime crops it.
    Buffer cropped(int dim, int begin, int end) const;
    hardnet_halide_buffer *raw() { return &raw_; }

private:
    void describe(const void *at_minimum, int code, int bits, const std::vector<hardnet_dim> &dims);
    hardnet_halide_dim dims_[HARDNET_VIEW_RANK] = {};
    hardnet_halide_buffer raw_{};
};

// Calls a kernel, its arguments in their order.
void call(hardnet_kernel kernel, std::vector<Buffer> arguments);

// One test per machine, by level; those that this CPU cannot run skip, and say what it lacks.
class OnEveryMachine : public ::testing::TestWithParam<std::string> {
protected:
    const Machine &machine() const;
    std::string missing() const;  // features that this CPU lacks
};
std::vector<std::string> machine_levels();
std::vector<std::string> int16_levels();  // those that multiply int16
std::vector<std::string> int8_levels();
std::vector<std::string> integer_levels();  // int16 or int8

}  // namespace hardnet::testing
