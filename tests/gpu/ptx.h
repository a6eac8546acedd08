// An interpreter of PTX: runs the kernels that Halide's NVPTX back end makes, on a machine without a GPU, and finds what a
// GPU would let pass: wrong addresses, races, values that nobody wrote.
//
//     Result<Module> module = parse(text);
//     Memory memory;
//     const uint64_t in = memory.allocate("in", 4096, Access::kReadOnly), out = memory.allocate("out", 4096);
//     memory.write(in, values.data(), 4096);
//     Result<Counters> counters = run(*module->find("kernel"), {{8}, {128}, 0, {in, out}}, memory);
//
// It knows what it was written for: any other opcode, modifier, type or directive is an error that names the line. Blocks run
// one after another, the 32 lanes of a warp in lockstep, those that are furthest behind first, and warps from barrier to barrier.
// Rounded operations round as the standard says; approximate ones give the exact value rounded to float, of which a GPU's are up to
// 2 units in the last place off (PTX ISA, "approx").
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/gpu/memory.h"

namespace hardnet::ptx {

// What an instruction does, as it is counted.
enum class Kind : uint8_t {
    kFma,
    kArithmetic,  // all else that computes
    kMove,        // mov, cvta, ld.param
    kControl,     // bra, bar, ret
    kGlobalLoad,
    kGlobalStore,
    kSharedLoad,
    kSharedStore,
    kLocalLoad,
    kLocalStore,
};
constexpr int kKinds = int(Kind::kLocalStore) + 1;

struct Program;  // decoded instructions

struct Kernel {
    std::string name;
    std::vector<int> parameter_bytes;
    std::shared_ptr<const Program> program;
};

struct Module {
    std::vector<Kernel> kernels;
    const Kernel *find(const std::string &name) const;  // null: no such kernel
};

Result<Module> parse(const std::string &text);

struct Extent {
    uint32_t x = 1, y = 1, z = 1;
};

struct Launch {
    Extent grid, block;
    uint32_t shared_bytes = 0;         // dynamic
    std::vector<uint64_t> parameters;  // each in the low bytes
};

struct Checks {
    bool uninitialised = true;  // reads of registers and memory that nobody wrote are errors
    uint64_t most_instructions = uint64_t{1} << 38;  // of all lanes: a loop without end
};

struct Counters {
    uint64_t instructions[kKinds] = {};             // lanes that executed one
    uint64_t barriers = 0;                          // per block
    std::map<int, uint64_t> loads, stores;          // of global memory, by bytes of an access
    std::map<std::string, uint64_t> bytes_written;  // per allocation
    uint64_t words_written = 0,
             words_rewritten = 0;  // different ones; writes to one that the launch had written

    uint64_t of(Kind kind) const { return instructions[int(kind)]; }
    uint64_t total() const;
};

// An error names kernel, line, block and thread: "conv: line 12: ld.global.f32 %f1, [%rd1]: block 0 0 0, thread 3 0 0: ...".
Result<Counters> run(const Kernel &kernel, const Launch &launch, Memory &memory, const Checks &checks = {});

}  // namespace hardnet::ptx
