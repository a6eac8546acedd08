// What the interpreter's instructions work on: a decoded instruction, the registers of a warp, the memory of a block.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tests/gpu/ptx.h"

namespace hardnet::ptx {

constexpr int kLanes = 32;
constexpr int kMostOperands = 5;

// A fault of the running kernel; `lane` is of the warp that runs.
struct Fault {
    std::string text;
    int lane;
};

struct Operand {
    uint32_t offset = 0;  // of its lanes, in bytes
    uint32_t index = 0;   // of the register
};

struct Instruction;
struct Warp;
using Step = void (*)(Warp &, const Instruction &);

enum class Flow : uint8_t { kStep, kBranch, kBarrier, kExit };

struct Instruction {
    Step step = nullptr;
    Flow flow = Flow::kStep;
    Kind kind = Kind::kArithmetic;
    uint8_t destinations = 0, operand_count = 0;  // destinations first
    uint8_t access_bytes = 0;
    uint8_t lane_bytes = 4;     // of the registers that a memory access loads or stores
    uint8_t address_bytes = 8;  // of the register that holds the address
    bool guard_negated = false;
    bool constant_memory = false;  // .nc
    Operand operands[kMostOperands];
    Operand guard;
    int32_t target = -1;
    int64_t offset = 0;  // added to the address
    int line = 0;
    std::string text;
};

struct Program {
    std::vector<Instruction> code;
    uint64_t shared_bytes = 0, local_bytes = 0;  // static ones; dynamic shared memory lies behind
    uint64_t most_threads = 1024;                // .maxntid

    // Registers of a warp: one behind another, 32 lanes each, a lane takes 4 bytes or 8; a predicate is a mask of 32 bits.
    struct Constant {
        Operand place;
        int lane_bytes;  // 0: a predicate
        uint64_t value;
    };
    struct Special {
        Operand place;
        std::string name;  // "%tid.x"
    };
    uint32_t register_bytes = 0, registers = 0;
    std::vector<Constant> constants;
    std::vector<Special> specials;
};

// What lies at addresses from 0: a block's shared memory, a thread's own.
struct SmallMemory {
    std::vector<uint8_t> bytes;
    struct Word {
        uint32_t written_in = 0, read_in = 0;  // interval between barriers; 0: never
        int32_t writer = -1, reader = -1;      // threads; kSeveral
    };
    static constexpr int32_t kSeveral = -2;
    std::vector<Word> words;
    void reset(uint64_t size);
};

struct Block {
    const Launch *launch;
    Checks checks;
    Memory *memory;
    Counters *counters;
    Extent at;               // its place in the grid
    Toucher first, several;  // of this launch
    Toucher self;
    const Instruction *code;
    std::vector<Allocation *> last;  // where an instruction's last access went
    SmallMemory shared;
    std::vector<SmallMemory> local;  // per thread
    uint32_t interval = 1;           // barriers so far + 1
};

struct Warp {
    Block *block;
    std::vector<uint64_t> file;     // registers
    std::vector<uint32_t> written;  // per register the lanes that have a value
    uint32_t mask = 0;              // lanes that execute the instruction at hand
    int first_thread = 0;

    uint32_t running = 0, waiting = 0;  // lanes that have not ended; of these at a barrier
    int32_t pc[kLanes] = {};

    uint8_t *bytes() { return reinterpret_cast<uint8_t *>(file.data()); }
    uint32_t predicate(Operand operand) {  // a mask of lanes
        uint32_t value;
        std::memcpy(&value, bytes() + operand.offset, sizeof value);
        return value;
    }
    void set_predicate(Operand operand, uint32_t value) {  // of the lanes that execute
        value = (predicate(operand) & ~mask) | (value & mask);
        std::memcpy(bytes() + operand.offset, &value, sizeof value);
    }
};

}  // namespace hardnet::ptx
